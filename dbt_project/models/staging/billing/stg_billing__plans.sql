-- Grain: one row per plan, the older form of a recurring price.
with

source as (

    select * from {{ source('billing', 'plan') }}

),

final as (

    select
        id as price_id,
        product_id,
        nickname as price_name,
        'recurring' as stated_price_type,
        'recurring' as price_type,
        coalesce(
            billing_scheme,
            case when tiers_mode is null then 'per_unit' else 'tiered' end
        ) as billing_scheme,
        upper(currency) as currency_code,
        cast(amount as decimal(30, 12)) as unit_amount_minor,
        {{ adapter.quote('interval') }} as billing_interval,
        coalesce(interval_count, 1) as billing_interval_count,
        coalesce(usage_type, 'licensed') as usage_type,
        tiers_mode,
        cast(null as bigint) as transform_quantity_divide_by,
        cast(null as string) as transform_quantity_round,
        true as is_active,
        cast(null as timestamp) as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
