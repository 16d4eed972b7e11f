-- Grain: one row per price, with the segments that MRR on it belongs to.
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
        prices.product_id,
        products.service_type,
        products.deployment
    from prices
    left join products
        on prices.product_id = products.product_id

)

select * from final
