-- Grain: one row per product that the export or a price names.
-- What kind of thing a product is: its own metadata first, then the product catalogue
-- of the policy seeds.
with

products as (

    select * from {{ ref('stg_billing__products') }}

),

prices as (

    select * from {{ ref('stg_billing__prices') }}

),

plans as (

    select * from {{ ref('stg_billing__plans') }}

),

default_catalogue as (

    select * from {{ ref('product_catalogue') }}

),

company_catalogue as (

    select * from {{ ref('stg_policy__product_catalogue') }}

),

named_products as (

    select product_id from products
    union
    select product_id from prices
    union
    select product_id from plans

),

final as (

    select
        named_products.product_id,
        products.product_name,
        products.product_type,
        products.unit_label,
        coalesce(
            products.service_type,
            company_catalogue.service_type,
            default_catalogue.service_type
        ) as service_type,
        coalesce(
            products.deployment,
            company_catalogue.deployment,
            default_catalogue.deployment
        ) as deployment,
        coalesce(
            products.licence_type,
            company_catalogue.licence_type,
            default_catalogue.licence_type
        ) as licence_type,
        coalesce(
            products.revenue_stream,
            company_catalogue.revenue_stream,
            default_catalogue.revenue_stream
        ) as revenue_stream,
        products.product_id is not null as is_in_export,
        coalesce(products.is_active, false) as is_active,
        coalesce(products.is_live, true) as is_live,
        coalesce(products.is_deleted, false) as is_deleted,
        products.created_at
    from named_products
    left join products
        on named_products.product_id = products.product_id
    left join company_catalogue
        on named_products.product_id = company_catalogue.product_id
    left join default_catalogue
        on named_products.product_id = default_catalogue.product_id
    where named_products.product_id is not null

)

select * from final
