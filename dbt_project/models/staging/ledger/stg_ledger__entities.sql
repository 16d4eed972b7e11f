-- Grain: one row per customer, vendor or employee as the ledger knows them.
with

source as (

    select * from {{ source('ledger', 'entity') }}

),

final as (

    select
        id as entity_id,
        name as entity_name,
        externalid as external_id
    from source

)

select * from final
