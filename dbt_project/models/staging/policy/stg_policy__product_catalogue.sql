-- Grain: one row per product that the company has described itself.
with

source as (

    select * from {{ source('policy', 'product_catalogue') }}

),

final as (

    select
        product_id,
        service_type,
        deployment,
        licence_type,
        revenue_stream,
        why
    from source

)

select * from final
