-- Grain: one row per subscription item.
with

source as (

    select * from {{ source('billing', 'subscription_item') }}

),

final as (

    select
        id as subscription_item_id,
        subscription_id,
        coalesce(price_id, plan_id) as price_id,
        quantity,
        {{ json_text('metadata', 'minimum_quantity') }} as minimum_quantity,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
