-- Grain: one row per deal, property and time at which a value of it began.
-- Values are read of the amount and the close date alone: others may name people.
with

source as (

    select * from {{ source('crm', 'deal_property_history') }}

),

final as (

    select
        deal_id,
        name as property_name,
        timestamp as valid_from_at,
        case when name in ('amount', 'closedate') then value end as property_value
    from source

)

select * from final
