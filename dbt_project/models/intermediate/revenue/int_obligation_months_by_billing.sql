-- Grain: one row per performance obligation and month of its revenue: when it was
-- billed, seen from that month (billing_class), and its balance before and after.
-- Amounts are minor units of the reporting currency at the invoice's own rate; a
-- balance is deferred revenue less contract asset.
with

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

final as (

    select
        revenue.invoice_line_item_id,
        revenue.obligation,
        revenue.month,
        revenue.invoice_id,
        revenue.reporting_minor_unit_digits,
        case
            when performance_obligations.billed_on >= closes.facts_close_on
                then 'not_billed'
            when performance_obligations.billed_on >= revenue.month
                then 'billed_in_month'
            when revenue.billed_minor <> 0 or revenue.billed_reporting_minor <> 0
                then 'voided'
            when performance_obligations.billed_on < revenue.month
                then 'billed_earlier'
        end as billing_class,
        revenue.recognized_reporting_minor,
        revenue.credited_reporting_minor,
        revenue.written_off_reporting_minor,
        coalesce(previous_months.balance_reporting_minor, 0)
            as opening_balance_reporting_minor,
        revenue.balance_reporting_minor as closing_balance_reporting_minor
    from revenue
    inner join performance_obligations
        on
            revenue.invoice_line_item_id = performance_obligations.invoice_line_item_id
            and revenue.invoice_id = performance_obligations.invoice_id
            and revenue.obligation = performance_obligations.obligation
    inner join closes
        on revenue.month = closes.month
    left join revenue as previous_months
        on
            revenue.invoice_line_item_id = previous_months.invoice_line_item_id
            and revenue.invoice_id = previous_months.invoice_id
            and revenue.obligation = previous_months.obligation
            and revenue.month = {{ add_months('previous_months.month', 1) }}

)

select * from final
