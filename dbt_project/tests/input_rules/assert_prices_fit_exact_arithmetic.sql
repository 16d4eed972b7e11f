-- Money is computed in exact integers of 38 digits and kept with 14 digits before the
-- point. A quantity or price so large that it would not fit is a mistake in the export,
-- and is named before it overflows.
with

intervals as (

    select
        price_id,
        billable_quantity,
        min(invoice_line_item_id) as invoice_line_item_id
    from {{ ref('int_item_service_intervals') }}
    group by price_id, billable_quantity

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

price_tiers as (

    select * from {{ ref('int_price_tiers_bounded') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

-- Magnitudes only: a double is exact enough to tell a billion from a mistake.
magnitudes as (

    select
        intervals.invoice_line_item_id,
        intervals.price_id,
        intervals.billable_quantity,
        cast(intervals.billable_quantity as double)
        * cast(coalesce(prices.unit_amount_minor, 0) as double) as price_minor
    from intervals
    inner join prices
        on intervals.price_id = prices.price_id
    where prices.billing_scheme = 'per_unit'
    union all
    select
        intervals.invoice_line_item_id,
        intervals.price_id,
        intervals.billable_quantity,
        cast(intervals.billable_quantity as double)
        * cast(price_tiers.unit_amount_minor as double)
        + cast(price_tiers.flat_amount_minor as double) as price_minor
    from intervals
    inner join price_tiers
        on intervals.price_id = price_tiers.price_id

),

annual_magnitudes as (

    select
        magnitudes.invoice_line_item_id,
        magnitudes.price_id,
        magnitudes.billable_quantity,
        magnitudes.price_minor,
        magnitudes.price_minor
        * coalesce(billing_intervals.intervals_per_year, 1)
        / greatest(prices.billing_interval_count, 1)
        / {{ minor_units('prices.minor_unit_digits') }} as annual_amount
    from magnitudes
    inner join prices
        on magnitudes.price_id = prices.price_id
    left join billing_intervals
        on prices.billing_interval = billing_intervals.billing_interval

)

select
    'billing.invoice_line_item' as raw_table,
    invoice_line_item_id as row_id,
    'quantity' as column_name,
    cast(billable_quantity as string) as rejected_value,
    'The quantity times price '
    || price_id
    || ' is more than 10^15 minor units, or than 10^13 in a year.' as reason
from annual_magnitudes
where
    price_minor > 1e15
    or annual_amount > 1e13
