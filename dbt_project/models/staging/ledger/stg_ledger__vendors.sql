-- Grain: one row per vendor.
with

source as (

    select * from {{ source('ledger', 'vendor') }}

),

final as (

    select
        id as vendor_id,
        name as vendor_name,
        externalid as external_id
    from source

)

select * from final
