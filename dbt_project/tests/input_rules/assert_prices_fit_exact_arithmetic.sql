-- Money is computed in exact integers of 38 digits. A quantity or price so large that
-- it would not fit is a mistake in the export, and is named before it overflows.
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

)

select
    'billing.invoice_line_item' as raw_table,
    invoice_line_item_id as row_id,
    'quantity' as column_name,
    cast(billable_quantity as string) as rejected_value,
    'The quantity times price '
    || price_id
    || ' is more than 10^15 minor units.' as reason
from magnitudes
where price_minor > 1e15
