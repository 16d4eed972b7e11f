-- Grain: one row per price, with the segments that MRR on it belongs to.
-- What is not known is the segment 'unknown'.
with

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

products as (

    select * from {{ ref('int_products_described') }}

),

final as (

    select
        prices.price_id,
        coalesce(prices.product_id, 'unknown') as product,
        prices.price_id as plan,
        coalesce(products.service_type, 'unknown') as service_type,
        coalesce(products.deployment, 'unknown') as deployment
    from prices
    left join products
        on prices.product_id = products.product_id

)

select * from final
