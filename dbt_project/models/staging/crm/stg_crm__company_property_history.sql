-- Grain: one row per company of the CRM, property and time at which it was set. Of
-- properties that no model reads, which may name people, the value stays out.
with

source as (

    select * from {{ source('crm', 'company_property_history') }}

),

final as (

    select
        company_id,
        name as property_name,
        case
            when name in ('country', 'industry', 'numberofemployees', 'lifecyclestage')
                then value
        end as property_value,
        timestamp as set_at
    from source

)

select * from final
