-- Grain: one row per contact, property and time at which a value of it began.
-- Values are read of the score alone: those of other properties may be personal.
with

source as (

    select * from {{ source('crm', 'contact_property_history') }}

),

final as (

    select
        contact_id,
        name as property_name,
        timestamp as valid_from_at,
        case when name = 'hubspotscore' then value end as property_value
    from source

)

select * from final
