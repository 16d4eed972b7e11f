-- Grain: one row per discount, also per discounted invoice line.
with

source as (

    select * from {{ source('billing', 'discount') }}

),

final as (

    select
        id as discount_id,
        type as discount_type,
        -- Connectors write either.
        coalesce(type in ('line item', 'line_item'), false) as is_of_line,
        type_id as discounted_id,
        amount as amount_minor,
        coupon_id,
        customer_id,
        subscription_id,
        invoice_id,
        {{ adapter.quote('start') }} as start_at,
        {{ adapter.quote('end') }} as end_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
