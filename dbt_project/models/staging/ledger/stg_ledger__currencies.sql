-- Grain: one row per currency of the ledger.
with

source as (

    select * from {{ source('ledger', 'currency') }}

),

final as (

    select
        id as currency_id,
        name as currency_name,
        upper(symbol) as currency_code
    from source

)

select * from final
