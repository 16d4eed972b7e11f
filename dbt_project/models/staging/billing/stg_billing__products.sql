-- Grain: one row per product.
with

source as (

    select * from {{ source('billing', 'product') }}

),

final as (

    select
        id as product_id,
        name as product_name,
        type as product_type,
        unit_label,
        {{ json_text('metadata', 'service_type') }} as service_type,
        {{ json_text('metadata', 'deployment') }} as deployment,
        {{ json_text('metadata', 'licence_type') }} as licence_type,
        {{ json_text('metadata', 'revenue_stream') }} as revenue_stream,
        coalesce(active, true) as is_active,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
