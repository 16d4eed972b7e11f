-- Grain: one row per deal and company.
with

source as (

    select * from {{ source('crm', 'deal_company') }}

),

final as (

    select
        deal_id,
        company_id
    from source

)

select * from final
