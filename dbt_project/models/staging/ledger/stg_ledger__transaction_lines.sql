-- Grain: one row per ledger entry and line.
with

source as (

    select * from {{ source('ledger', 'transactionline') }}

),

final as (

    select
        transaction as transaction_id,
        id as transaction_line_id,
        department as department_id,
        location as location_id,
        class as class_id,
        entity as entity_id,
        memo,
        foreignamount as amount_in_currency,
        coalesce(_fivetran_deleted, false) as is_deleted
    from source

)

select * from final
