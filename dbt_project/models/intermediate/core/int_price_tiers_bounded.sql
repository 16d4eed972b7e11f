-- Grain: one row per price and tier, with the half-open range of quantities
-- (units_from, units_up_to] it covers.
with

price_tiers as (

    select * from {{ ref('stg_billing__price_tiers') }}

),

final as (

    select
        price_id,
        tier_number,
        coalesce(
            lag(up_to) over (partition by price_id order by tier_number), 0
        ) as units_from,
        up_to as units_up_to,
        unit_amount_minor,
        flat_amount_minor,
        row_number() over (partition by price_id order by tier_number) = 1
            as is_first_tier,
        row_number() over (partition by price_id order by tier_number desc) = 1
            as is_last_tier
    from price_tiers
    where not is_deleted

)

select * from final
