-- Grain: one row per price and tier.
with

source as (

    select * from {{ source('billing', 'price_tier') }}

),

final as (

    select
        price_id,
        {{ adapter.quote('index') }} as tier_number,
        up_to,
        coalesce(unit_amount_decimal, cast(unit_amount as decimal(30, 12)), 0)
            as unit_amount_minor,
        coalesce(flat_amount, 0) as flat_amount_minor,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
