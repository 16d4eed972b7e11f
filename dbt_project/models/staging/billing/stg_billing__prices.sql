-- Grain: one row per price.
with

source as (

    select * from {{ source('billing', 'price') }}

),

final as (

    select
        id as price_id,
        product_id,
        nickname as price_name,
        type as stated_price_type,
        coalesce(
            type,
            case when recurring_interval is null then 'one_time' else 'recurring' end
        ) as price_type,
        coalesce(
            billing_scheme,
            case when tiers_mode is null then 'per_unit' else 'tiered' end
        ) as billing_scheme,
        upper(currency) as currency_code,
        coalesce(unit_amount_decimal, cast(unit_amount as decimal(30, 12)))
            as unit_amount_minor,
        recurring_interval as billing_interval,
        coalesce(recurring_interval_count, 1) as billing_interval_count,
        coalesce(recurring_usage_type, 'licensed') as usage_type,
        tiers_mode,
        transform_quantity_divide_by,
        transform_quantity_round,
        coalesce(active, true) as is_active,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
