-- Grain: one row per price; a plan, the older form, is read as a price unless a price
-- has its id.
-- Deleted prices stay: history is priced with them.
with

prices as (

    select * from {{ ref('stg_billing__prices') }}

),

plans as (

    select * from {{ ref('stg_billing__plans') }}

),

products as (

    select * from {{ ref('int_products_described') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

plans_without_price as (

    select plans.*
    from plans
    left join prices
        on plans.price_id = prices.price_id
    where prices.price_id is null

),

unioned as (

    select * from prices
    union all
    select * from plans_without_price

),

final as (

    select
        unioned.price_id,
        unioned.product_id,
        unioned.price_name,
        unioned.price_type,
        unioned.stated_price_type,
        unioned.billing_scheme,
        unioned.currency_code,
        currencies.minor_unit_digits,
        unioned.unit_amount_minor,
        unioned.billing_interval,
        unioned.billing_interval_count,
        unioned.usage_type,
        unioned.tiers_mode,
        unioned.transform_quantity_divide_by,
        unioned.transform_quantity_round,
        products.licence_type,
        products.revenue_stream,
        -- One-off work, set-up and perpetual licences are never MRR, however they are
        -- priced.
        unioned.price_type = 'recurring'
        and unioned.usage_type = 'licensed'
        and coalesce(products.licence_type, '') <> 'perpetual'
        and coalesce(products.revenue_stream, '') not in (
            'setup', 'services', 'licence'
        )
            as is_recurring_licensed,
        unioned.price_type = 'recurring'
        and unioned.usage_type = 'metered'
        and coalesce(products.licence_type, '') <> 'perpetual'
        and coalesce(products.revenue_stream, '') not in (
            'setup', 'services', 'licence'
        )
            as is_recurring_metered,
        unioned.is_active,
        unioned.is_live,
        unioned.is_deleted,
        unioned.created_at
    from unioned
    left join products
        on unioned.product_id = products.product_id
    left join currencies
        on unioned.currency_code = currencies.currency_code

)

select * from final
