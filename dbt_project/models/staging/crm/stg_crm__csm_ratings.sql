-- Grain: one row per rating that a customer success manager gave a company. The
-- note, which may name people, stays out.
with

source as (

    select * from {{ source('crm', 'csm_rating') }}

),

final as (

    select
        company_id,
        rating,
        rated_at
    from source

)

select * from final
