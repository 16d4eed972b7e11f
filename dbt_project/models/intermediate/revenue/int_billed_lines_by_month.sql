-- Grain: one row per line of a billed invoice and month in which it is billed, or a
-- void takes its billing back: why it was billed (billing_class; where nothing says, it
-- is NULL and publication stops) and how much, in minor units of the reporting currency
-- at the invoice's own rate.
-- Discounts stand apart on the lines that bill what is in service at the close: what
-- recurring coupons take off, as MRR does, in minor units of the invoice, and what MRR
-- does not deduct. The others are not compared with MRR.
with

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_invoice') }}

),

months as (

    select * from {{ ref('int_months') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

lines as (

    select * from {{ ref('int_invoice_lines_classified') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

statement_lines as (

    select * from {{ ref('int_statement_lines') }}

),

statements as (

    select * from {{ ref('int_item_statements') }}

),

service as (

    select * from {{ ref('int_item_service_intervals') }}

),

statement_coupons as (

    select * from {{ ref('int_statement_coupons') }}

),

discounts as (

    select * from {{ ref('stg_billing__discounts') }}

),

discounts_of_lines as (

    select * from {{ ref('int_invoice_line_discounts_summed') }}

),

billed_lines as (

    select
        invoice_line_item_id,
        invoice_id,
        price_id,
        billed_on,
        sum(net_minor) as net_minor
    from performance_obligations
    group by invoice_line_item_id, invoice_id, price_id, billed_on

),

billed_amounts as (

    select
        invoice_line_item_id,
        invoice_id,
        month,
        sum(billed_reporting_minor) as billed_reporting_minor
    from revenue
    where
        billed_minor <> 0
        or billed_reporting_minor <> 0
    group by invoice_line_item_id, invoice_id, month

),

lines_in_their_months as (

    select
        billed_lines.invoice_line_item_id,
        billed_lines.invoice_id,
        billed_lines.price_id,
        billed_lines.net_minor,
        closes.month,
        months.month_end_at,
        coalesce(billed_amounts.billed_reporting_minor, 0) as billed_reporting_minor
    from billed_lines
    inner join closes
        on
            {{ month_of('billed_lines.billed_on') }} = closes.month
            and billed_lines.billed_on < closes.facts_close_on
    inner join months
        on closes.month = months.month
    left join billed_amounts
        on
            billed_lines.invoice_line_item_id = billed_amounts.invoice_line_item_id
            and billed_lines.invoice_id = billed_amounts.invoice_id
            and closes.month = billed_amounts.month

),

voided_lines as (

    select
        billed_amounts.invoice_line_item_id,
        billed_amounts.invoice_id,
        billed_amounts.month,
        'voided' as billing_class,
        cast(null as bigint) as amount_minor,
        0 as recurring_discount_minor,
        billed_amounts.billed_reporting_minor,
        0 as discount_once_reporting_minor,
        0 as unitemised_discount_reporting_minor
    from billed_amounts
    inner join billed_lines
        on
            billed_amounts.invoice_line_item_id = billed_lines.invoice_line_item_id
            and billed_amounts.invoice_id = billed_lines.invoice_id
    where billed_lines.billed_on < billed_amounts.month

),

statements_with_next as (

    select
        subscription_item_id,
        period_start_at,
        lead(period_start_at) over (
            partition by subscription_item_id
            order by period_start_at
        ) as next_start_at
    from statements

),

coupons_of_lines as (

    select
        statement_lines.invoice_line_item_id,
        statement_coupons.coupon_id,
        statement_coupons.is_recurring
    from statement_lines
    inner join statement_coupons
        on
            statement_lines.subscription_item_id
            = statement_coupons.subscription_item_id
            and statement_lines.period_start_at = statement_coupons.period_start_at

),

lines_with_recurring_coupons as (

    select distinct invoice_line_item_id
    from coupons_of_lines
    where is_recurring

),

discounts_once as (

    select
        statement_lines.invoice_line_item_id,
        sum(coalesce(discounts.amount_minor, 0)) as discount_once_minor
    from discounts
    inner join statement_lines
        on discounts.discounted_id = statement_lines.invoice_line_item_id
    left join coupons_of_lines
        on
            statement_lines.invoice_line_item_id = coupons_of_lines.invoice_line_item_id
            and discounts.coupon_id = coupons_of_lines.coupon_id
    where
        discounts.is_of_line
        and discounts.is_live
        and not discounts.is_deleted
        and not coalesce(coupons_of_lines.is_recurring, false)
    group by statement_lines.invoice_line_item_id

),

described as (

    select
        lines_in_their_months.invoice_line_item_id,
        lines_in_their_months.invoice_id,
        lines_in_their_months.month,
        lines_in_their_months.month_end_at,
        lines_in_their_months.billed_reporting_minor,
        lines_in_their_months.net_minor,
        lines.invoice_line_item_id is not null as is_line,
        lines.amount_minor,
        lines.exclusion_reason,
        -- The lines of a tiered price are one statement, and billed for one reason.
        coalesce(statement_lines.is_proration, lines.is_proration) as is_proration,
        lines.period_start_at,
        lines.period_end_at,
        lines.is_recurring_licensed,
        coalesce(prices.is_recurring_metered, false) as is_recurring_metered,
        statement_lines.invoice_line_item_id is not null as is_statement,
        service.invoice_id is not null as is_in_force,
        coalesce(
            statements_with_next.next_start_at < lines_in_their_months.month_end_at,
            false
        ) as has_later_statement,
        coalesce(discounts_of_lines.discount_minor, 0) as discount_minor,
        coalesce(discounts_once.discount_once_minor, 0) as discount_once_minor,
        lines_with_recurring_coupons.invoice_line_item_id is not null
            as has_recurring_coupon
    from lines_in_their_months
    left join lines
        on
            lines_in_their_months.invoice_line_item_id = lines.invoice_line_item_id
            and lines_in_their_months.invoice_id = lines.invoice_id
    left join prices
        on lines_in_their_months.price_id = prices.price_id
    left join statement_lines
        on lines.invoice_line_item_id = statement_lines.invoice_line_item_id
    left join service
        on
            statement_lines.subscription_item_id = service.subscription_item_id
            and statement_lines.period_start_at = service.statement_start_at
            and service.valid_from < lines_in_their_months.month_end_at
            and lines_in_their_months.month_end_at <= service.valid_to
    left join statements_with_next
        on
            statement_lines.subscription_item_id
            = statements_with_next.subscription_item_id
            and statement_lines.period_start_at = statements_with_next.period_start_at
    left join discounts_of_lines
        on lines.invoice_line_item_id = discounts_of_lines.invoice_line_item_id
    left join discounts_once
        on lines.invoice_line_item_id = discounts_once.invoice_line_item_id
    left join lines_with_recurring_coupons
        on
            lines.invoice_line_item_id
            = lines_with_recurring_coupons.invoice_line_item_id

),

classified as (

    select
        *,
        case
            when not is_line then 'without_lines'
            when is_recurring_metered then 'usage'
            when not is_recurring_licensed or exclusion_reason = 'one-off line'
                then 'one_off'
            when
                exclusion_reason in ('void invoice', 'uncollectible invoice')
                or exclusion_reason like 'open invoice of a subscription that %'
                then 'not_counted'
            when exclusion_reason is not null then null
            when is_proration then 'proration'
            when is_in_force then 'renewal'
            when period_start_at >= month_end_at then 'later_service'
            when period_end_at < month_end_at then 'ended_service'
            when has_later_statement or not is_statement then 'replaced_service'
            when is_statement then 'stopped_service'
        end as billing_class
    from described

),

-- What the net amount is below the line without a row that says why. Where MRR deducts
-- a coupon that has no row either, that is the coupon.
discounted as (

    select
        *,
        case
            when billing_class = 'renewal' then discount_once_minor
            else 0
        end as separate_once_minor,
        case
            when
                billing_class = 'renewal'
                and not (has_recurring_coupon and discount_minor = 0)
                then amount_minor - discount_minor - net_minor
            else 0
        end as separate_unitemised_minor
    from classified

),

converted_lines as (

    select
        discounted.invoice_line_item_id,
        discounted.invoice_id,
        discounted.month,
        discounted.billing_class,
        discounted.amount_minor,
        case
            when discounted.billing_class = 'renewal'
                then
                    discounted.amount_minor
                    - discounted.separate_once_minor
                    - discounted.separate_unitemised_minor
                    - discounted.net_minor
            else 0
        end as recurring_discount_minor,
        discounted.billed_reporting_minor,
        {{ round_quotient(
            exact_integer('discounted.separate_once_minor')
            ~ ' * exchange_rates.rate_numerator',
            'exchange_rates.rate_denominator'
        ) }} as discount_once_reporting_minor,
        {{ round_quotient(
            exact_integer('discounted.separate_unitemised_minor')
            ~ ' * exchange_rates.rate_numerator',
            'exchange_rates.rate_denominator'
        ) }} as unitemised_discount_reporting_minor
    from discounted
    inner join exchange_rates
        on discounted.invoice_id = exchange_rates.invoice_id

),

lines_of_both as (

    select
        invoice_line_item_id,
        invoice_id,
        month,
        billing_class,
        amount_minor,
        recurring_discount_minor,
        billed_reporting_minor,
        discount_once_reporting_minor,
        unitemised_discount_reporting_minor
    from converted_lines
    union all
    select
        invoice_line_item_id,
        invoice_id,
        month,
        billing_class,
        amount_minor,
        recurring_discount_minor,
        billed_reporting_minor,
        discount_once_reporting_minor,
        unitemised_discount_reporting_minor
    from voided_lines

),

final as (

    select
        lines_of_both.invoice_line_item_id,
        lines_of_both.month,
        lines_of_both.invoice_id,
        lines_of_both.billing_class,
        statement_lines.subscription_item_id,
        statement_lines.period_start_at as statement_start_at,
        lines_of_both.amount_minor,
        lines_of_both.recurring_discount_minor,
        exchange_rates.reporting_minor_unit_digits,
        lines_of_both.billed_reporting_minor,
        lines_of_both.discount_once_reporting_minor,
        lines_of_both.unitemised_discount_reporting_minor
    from lines_of_both
    inner join exchange_rates
        on lines_of_both.invoice_id = exchange_rates.invoice_id
    left join statement_lines
        on
            lines_of_both.invoice_line_item_id = statement_lines.invoice_line_item_id
            and lines_of_both.invoice_id = statement_lines.invoice_id

)

select * from final
