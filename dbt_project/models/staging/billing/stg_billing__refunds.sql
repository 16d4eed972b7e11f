-- Grain: one row per refund.
with

source as (

    select * from {{ source('billing', 'refund') }}

),

final as (

    select
        id as refund_id,
        charge_id,
        balance_transaction_id,
        status as refund_status,
        reason,
        upper(currency) as currency_code,
        amount as amount_minor,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
