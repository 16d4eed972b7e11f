-- Grain: one row per discount window of a subscription.
with

source as (

    select * from {{ source('billing', 'subscription_discount') }}

),

final as (

    select
        id as subscription_discount_id,
        subscription_id,
        customer_id,
        coupon_id,
        {{ adapter.quote('start') }} as start_at,
        {{ adapter.quote('end') }} as end_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
