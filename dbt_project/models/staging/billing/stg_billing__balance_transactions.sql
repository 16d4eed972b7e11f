-- Grain: one row per movement of the processor balance.
with

source as (

    select * from {{ source('billing', 'balance_transaction') }}

),

final as (

    select
        id as balance_transaction_id,
        source as source_id,
        payout_id,
        type as balance_transaction_type,
        upper(currency) as currency_code,
        amount as amount_minor,
        fee as fee_minor,
        net as net_minor,
        exchange_rate,
        available_on as available_at,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
