-- Grain: one row per product.
with

products as (

    select * from {{ ref('int_products_described') }}

),

final as (

    select
        product_id,
        product_name,
        service_type,
        deployment,
        licence_type,
        revenue_stream,
        unit_label,
        is_active,
        is_deleted,
        created_at
    from products
    where is_live

)

select * from final
