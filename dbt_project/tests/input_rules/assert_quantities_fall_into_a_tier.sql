-- A quantity beyond the last tier has no price.
select
    'billing.invoice_line_item' as raw_table,
    invoice_line_item_id as row_id,
    'quantity' as column_name,
    cast(billable_quantity as varchar) as rejected_value,
    'The quantity lies beyond the last tier of price ' || price_id || '.' as reason
from {{ ref('int_item_intervals_priced') }}
where price_scaled is null
union all
select
    'billing.invoice_line_item' as raw_table,
    intervals.invoice_line_item_id as row_id,
    'quantity' as column_name,
    cast(intervals.billable_quantity as varchar) as rejected_value,
    'The quantity lies beyond the last tier of price ' || intervals.price_id || '.' as reason
from {{ ref('int_item_intervals_priced') }} as intervals
inner join {{ ref('int_price_tiers_bounded') }} as price_tiers
    on intervals.price_id = price_tiers.price_id
inner join {{ ref('int_prices_unioned') }} as prices
    on intervals.price_id = prices.price_id
where
    prices.billing_scheme = 'tiered'
    and intervals.price_scaled is not null
    and price_tiers.is_last_tier
    and price_tiers.units_up_to < intervals.billable_quantity
