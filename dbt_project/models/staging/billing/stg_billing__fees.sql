-- Grain: one row per balance transaction and fee.
with

source as (

    select * from {{ source('billing', 'fee') }}

),

final as (

    select
        balance_transaction_id,
        {{ adapter.quote('index') }} as fee_number,
        type as fee_type,
        upper(currency) as currency_code,
        amount as amount_minor,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
