-- A line that counts must say which price, how many, from when and until when, in the
-- price's own currency.
with

lines as (

    select * from {{ ref('int_invoice_lines_classified') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

items_of_several_subscriptions as (

    select
        subscription_item_id,
        min(invoice_line_item_id) as invoice_line_item_id,
        min(subscription_id) as first_subscription_id,
        max(subscription_id) as last_subscription_id
    from lines
    where exclusion_reason is null
    group by subscription_item_id
    having min(subscription_id) <> max(subscription_id)

),

findings as (

    select
        invoice_line_item_id,
        'invoice_id' as column_name,
        invoice_id as rejected_value,
        'The invoice is not in the export, so nobody can say whether the line counts.'
            as reason
    from lines
    where exclusion_reason = 'no invoice in the export'
    union all
    select
        invoice_line_item_id,
        'price_id' as column_name,
        coalesce(price_id, 'NULL') as rejected_value,
        'Recurring service was invoiced on a price that is not in the export.' as reason
    from lines
    where exclusion_reason = 'unknown price'
    union all
    select
        invoice_line_item_id,
        'price_id' as column_name,
        price_id as rejected_value,
        'A subscription was invoiced on a price with neither a type nor a'
        || ' recurring_interval, so nobody can say what it is worth a month.' as reason
    from lines
    where exclusion_reason = 'price without a type and an interval'
    union all
    select
        invoice_line_item_id,
        'subscription_item_id' as column_name,
        subscription_item_id as rejected_value,
        'An item belongs to one subscription, and its lines name '
        || first_subscription_id
        || ' and '
        || last_subscription_id
        || '.' as reason
    from items_of_several_subscriptions
    union all
    select
        invoice_line_item_id,
        'period_start' as column_name,
        'NULL' as rejected_value,
        'Recurring service needs the moment from which it was invoiced.' as reason
    from lines
    where
        exclusion_reason is null
        and period_start_at is null
    union all
    select
        invoice_line_item_id,
        'period_end' as column_name,
        cast(period_end_at as string) as rejected_value,
        'The period ends before it starts, at '
        || cast(period_start_at as string)
        || '.' as reason
    from lines
    where
        exclusion_reason is null
        and period_end_at < period_start_at
    union all
    select
        invoice_line_item_id,
        'quantity' as column_name,
        coalesce(cast(quantity as string), 'NULL') as rejected_value,
        'Recurring service needs a quantity of 0 or more.' as reason
    from lines
    where
        exclusion_reason is null
        and coalesce(quantity, -1) < 0
    union all
    select
        lines.invoice_line_item_id,
        'currency' as column_name,
        lines.currency_code as rejected_value,
        'The line is in another currency than its price, '
        || prices.price_id
        || ' in '
        || prices.currency_code
        || '.' as reason
    from lines
    inner join prices
        on lines.price_id = prices.price_id
    where
        lines.exclusion_reason is null
        and lines.currency_code <> prices.currency_code
    union all
    select
        invoice_line_item_id,
        'minimum_quantity' as column_name,
        minimum_quantity as rejected_value,
        'The metadata of subscription item '
        || subscription_item_id
        || ' must give a whole number of 0 or more.' as reason
    from lines
    where
        exclusion_reason is null
        and minimum_quantity is not null
        and not {{ is_whole_number('minimum_quantity', 0) }}

)

select
    'billing.invoice_line_item' as raw_table,
    invoice_line_item_id as row_id,
    column_name,
    rejected_value,
    reason
from findings
