-- Grain: one row per invoice line.
with

source as (

    select * from {{ source('billing', 'invoice_line_item') }}

),

final as (

    select
        id as invoice_line_item_id,
        unique_id as invoice_line_item_unique_id,
        invoice_id,
        subscription_id,
        subscription_item_id,
        coalesce(price_id, plan_id) as price_id,
        type as line_type,
        description,
        upper(currency) as currency_code,
        amount as amount_minor,
        quantity,
        proration as is_proration,
        period_start as period_start_at,
        period_end as period_end_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
