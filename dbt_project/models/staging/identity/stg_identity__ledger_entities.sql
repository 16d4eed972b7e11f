-- Grain: one row per entity of the ledger that is neither a vendor nor an employee.
with

source as (

    select * from {{ source('identity', 'ledger_entities') }}

),

final as (

    select
        entity_id,
        customer_id,
        company_id,
        match_method
    from source

)

select * from final
