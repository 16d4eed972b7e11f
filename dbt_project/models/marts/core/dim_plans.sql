-- Grain: one row per price.
with

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

price_tiers as (

    select * from {{ ref('int_price_tiers_bounded') }}

),

tier_counts as (

    select
        price_id,
        count(*) as tier_count
    from price_tiers
    group by price_id

),

final as (

    select
        prices.price_id,
        prices.product_id,
        prices.price_name,
        prices.price_type,
        prices.usage_type,
        prices.billing_scheme,
        prices.tiers_mode,
        cast(coalesce(tier_counts.tier_count, 0) as integer) as tier_count,
        prices.billing_interval,
        cast(prices.billing_interval_count as integer) as billing_interval_count,
        prices.currency_code,
        cast(
            prices.unit_amount_minor
            * case prices.minor_unit_digits
                when 0 then cast(1 as decimal(5, 4))
                when 2 then cast(0.01 as decimal(5, 4))
                when 3 then cast(0.001 as decimal(5, 4))
                when 4 then cast(0.0001 as decimal(5, 4))
            end as decimal(38, 16)
        ) as unit_amount_in_currency,
        prices.is_recurring_licensed as is_mrr,
        prices.is_active,
        prices.is_deleted,
        prices.created_at
    from prices
    left join tier_counts
        on prices.price_id = tier_counts.price_id
    where prices.is_live

)

select * from final
