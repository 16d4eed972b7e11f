-- Grain: one row per location.
with

source as (

    select * from {{ source('ledger', 'location') }}

),

final as (

    select
        id as location_id,
        parent as parent_location_id,
        name as location_name,
        fullname as location_full_name
    from source

)

select * from final
