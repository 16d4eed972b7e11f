-- Grain: one row per charge.
with

source as (

    select * from {{ source('billing', 'charge') }}

),

final as (

    select
        id as charge_id,
        customer_id,
        invoice_id,
        balance_transaction_id,
        status as charge_status,
        failure_code,
        upper(currency) as currency_code,
        amount as amount_minor,
        amount_refunded as amount_refunded_minor,
        captured as is_captured,
        paid as is_paid,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
