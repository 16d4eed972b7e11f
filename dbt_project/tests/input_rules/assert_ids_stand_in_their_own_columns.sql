-- Two id columns under each other's header load without an error and join to nothing:
-- the table's own id is then the other table's, and the id that should be is not.
with

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

products as (

    select * from {{ ref('int_products_described') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

swapped_subscriptions as (

    select
        subscriptions.subscription_id,
        subscriptions.customer_id
    from subscriptions
    inner join customers as customers_in_id
        on subscriptions.subscription_id = customers_in_id.customer_id
    inner join customers
        on subscriptions.customer_id = customers.customer_id
    where
        customers_in_id.is_in_export
        and not customers.is_in_export

),

swapped_prices as (

    select
        prices.price_id,
        prices.product_id
    from prices
    inner join products as products_in_id
        on prices.price_id = products_in_id.product_id
    inner join products
        on prices.product_id = products.product_id
    where
        products_in_id.is_in_export
        and not products.is_in_export

)

select
    'billing.subscription' as raw_table,
    subscription_id as row_id,
    'id' as column_name,
    subscription_id as rejected_value,
    'This is the id of a customer, and customer_id '
    || customer_id
    || ' is none: are the two columns swapped?' as reason
from swapped_subscriptions
union all
select
    'billing.price' as raw_table,
    price_id as row_id,
    'id' as column_name,
    price_id as rejected_value,
    'This is the id of a product, and product_id '
    || product_id
    || ' is none: are the two columns swapped?' as reason
from swapped_prices
