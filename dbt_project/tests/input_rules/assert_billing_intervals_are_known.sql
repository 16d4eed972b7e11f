-- A recurring price bills by day, week, month or year, every so many of them. Any other
-- interval cannot be normalised and would be guessed or dropped.
select
    'billing.price' as raw_table,
    price_id as row_id,
    'recurring_interval' as column_name,
    coalesce(billing_interval, 'NULL')
    || ' x '
    || cast(billing_interval_count as string) as rejected_value,
    'A recurring price must bill by day, week, month or year, at least one of them.'
        as reason
from {{ ref('int_prices_unioned') }}
where
    price_type = 'recurring'
    and is_live
    and (
        billing_interval is null
        or billing_interval not in ('day', 'week', 'month', 'year')
        or billing_interval_count < 1
    )
