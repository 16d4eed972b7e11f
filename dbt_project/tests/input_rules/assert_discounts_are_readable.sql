-- A discount on a line that counts must say what it takes off and for how long: the
-- coupon's terms rule, and nothing is guessed where they are missing.
with

statement_coupons as (

    select * from {{ ref('int_statement_coupons') }}

),

statement_discounts as (

    select * from {{ ref('int_statement_discounts') }}

),

terms as (

    select
        coupon_id,
        currency_code,
        max(case when has_coupon then 1 else 0 end) = 1 as has_coupon,
        max(percent_off) as percent_off,
        max(amount_off_minor) as amount_off_minor,
        max(coupon_currency_code) as coupon_currency_code,
        max(duration) as duration,
        max(duration_in_months) as duration_in_months,
        min(invoice_line_item_id) as invoice_line_item_id
    from statement_coupons
    group by coupon_id, currency_code

),

inexact as (

    select
        min(statement_coupons.coupon_id) as coupon_id,
        count(*) as coupon_count,
        min(statement_coupons.invoice_line_item_id) as invoice_line_item_id
    from statement_discounts
    inner join statement_coupons
        on
            statement_discounts.subscription_item_id
            = statement_coupons.subscription_item_id
            and statement_discounts.period_start_at = statement_coupons.period_start_at
    where
        statement_discounts.kept_trillionths is null
        and {{ is_coupon_deducted(
            'statement_discounts.coupon_scope',
            'statement_coupons.duration',
            'statement_coupons.is_recurring'
        ) }}
    group by
        statement_discounts.subscription_item_id,
        statement_discounts.period_start_at,
        statement_discounts.coupon_scope

),

findings as (

    select
        'billing.discount' as raw_table,
        coupon_id,
        'coupon_id' as column_name,
        coalesce(coupon_id, 'NULL') as rejected_value,
        'The coupon of line ' || invoice_line_item_id || ' is not in the export.'
            as reason
    from terms
    where not has_coupon
    union all
    select
        'billing.coupon' as raw_table,
        coupon_id,
        'duration' as column_name,
        coalesce(duration, 'NULL') as rejected_value,
        'Expected once, repeating or forever; it discounts line '
        || invoice_line_item_id
        || '.' as reason
    from terms
    where
        has_coupon
        and coalesce(duration not in ('once', 'repeating', 'forever'), true)
    union all
    select
        'billing.coupon' as raw_table,
        coupon_id,
        'duration_in_months' as column_name,
        coalesce(cast(duration_in_months as string), 'NULL') as rejected_value,
        'A repeating coupon lasts a whole number of months, at least 1.' as reason
    from terms
    where
        duration = 'repeating'
        and coalesce(duration_in_months, 0) < 1
    union all
    select
        'billing.coupon' as raw_table,
        coupon_id,
        'percent_off' as column_name,
        coalesce(cast(percent_off as string), 'NULL') as rejected_value,
        'A coupon takes off either a percentage from 0 to 100 or an amount_off of 0 or '
        || 'more, at most 10^9 minor units.' as reason
    from terms
    where
        has_coupon
        and (
            (percent_off is null) = (amount_off_minor is null)
            or percent_off < 0
            or percent_off > 100
            or amount_off_minor < 0
            or amount_off_minor > 1000000000
        )
    union all
    select
        'billing.coupon' as raw_table,
        coupon_id,
        'currency' as column_name,
        coupon_currency_code as rejected_value,
        'An amount can only be taken off a price in the same currency; line '
        || invoice_line_item_id
        || ' is in '
        || currency_code
        || '.' as reason
    from terms
    where
        amount_off_minor is not null
        and coupon_currency_code <> currency_code
    union all
    select
        'billing.discount' as raw_table,
        coupon_id,
        'coupon_id' as column_name,
        coupon_id as rejected_value,
        'Line '
        || invoice_line_item_id
        || ' has '
        || cast(coupon_count as string)
        || ' discounts: more than six, or percentages whose product has more than 12 '
        || 'decimals.' as reason
    from inexact

)

select
    raw_table,
    coupon_id as row_id,
    column_name,
    rejected_value,
    reason
from findings
