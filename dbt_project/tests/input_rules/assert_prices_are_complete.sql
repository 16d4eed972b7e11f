-- A counting line can only be valued where its price says what a unit costs.
with

counting_lines as (

    select distinct price_id
    from {{ ref('int_invoice_lines_classified') }}
    where exclusion_reason is null

),

prices as (

    select prices.*
    from {{ ref('int_prices_unioned') }} as prices
    inner join counting_lines
        on prices.price_id = counting_lines.price_id

),

price_tiers as (

    select * from {{ ref('int_price_tiers_bounded') }}

),

tiers_per_price as (

    select
        price_id,
        count(*) as tier_count
    from price_tiers
    group by price_id

)

select
    'billing.price' as raw_table,
    prices.price_id as row_id,
    case
        when prices.billing_scheme = 'per_unit' then 'unit_amount'
        when prices.billing_scheme = 'tiered' then 'tiers_mode'
        else 'billing_scheme'
    end as column_name,
    case
        when prices.billing_scheme = 'per_unit'
            then coalesce(cast(prices.unit_amount_minor as string), 'NULL')
        when prices.billing_scheme = 'tiered' then coalesce(prices.tiers_mode, 'NULL')
        else coalesce(prices.billing_scheme, 'NULL')
    end as rejected_value,
    'Invoiced without a usable unit amount, tiers, quantity transformation or scheme.'
        as reason
from prices
left join tiers_per_price
    on prices.price_id = tiers_per_price.price_id
where
    not coalesce(
        (
            prices.billing_scheme = 'per_unit'
            and prices.unit_amount_minor >= 0
            and (
                prices.transform_quantity_divide_by is null
                or (
                    prices.transform_quantity_divide_by > 0
                    and prices.transform_quantity_round in ('up', 'down')
                )
            )
        )
        or (
            prices.billing_scheme = 'tiered'
            and prices.tiers_mode in ('volume', 'graduated')
            and tiers_per_price.tier_count > 0
        ),
        false
    )
union all
select
    'billing.price_tier' as raw_table,
    price_tiers.price_id
    || ' tier '
    || cast(price_tiers.tier_number as string) as row_id,
    'up_to' as column_name,
    coalesce(cast(price_tiers.units_up_to as string), 'NULL') as rejected_value,
    'Tiers must rise from one to the next, and only the last may be open.' as reason
from price_tiers
inner join prices
    on price_tiers.price_id = prices.price_id
where
    prices.billing_scheme = 'tiered'
    and (
        price_tiers.units_up_to <= price_tiers.units_from
        or (price_tiers.units_up_to is null and not price_tiers.is_last_tier)
    )
union all
select
    'billing.price_tier' as raw_table,
    price_tiers.price_id
    || ' tier '
    || cast(price_tiers.tier_number as string) as row_id,
    case
        when price_tiers.unit_amount_minor < 0 then 'unit_amount'
        else 'flat_amount'
    end as column_name,
    cast(
        case
            when price_tiers.unit_amount_minor < 0 then price_tiers.unit_amount_minor
            else price_tiers.flat_amount_minor
        end as string
    ) as rejected_value,
    'The amounts of a tier must be 0 or more.' as reason
from price_tiers
inner join prices
    on price_tiers.price_id = prices.price_id
where
    prices.billing_scheme = 'tiered'
    and (
        price_tiers.unit_amount_minor < 0 or price_tiers.flat_amount_minor < 0
    )
