-- Grain: one row per company of the CRM, with how it is reached. Restricted.
with

source as (

    select * from {{ source('crm', 'company') }}

),

final as (

    select
        id as company_id,
        property_name as company_name,
        property_domain as domain_name,
        property_phone as phone
    from source

)

select * from final
