-- Grain: one row per account, price, currency, margin line (subscription, services) and
-- month with revenue: recognized less contra-revenue, in whole minor units of the
-- reporting currency.
-- Which line a revenue stream is of stands in the cost mappings. Revenue without a
-- price is of the price 'unknown'.
with

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

mappings as (

    select * from {{ ref('int_cost_mappings_overridden') }}

),

final as (

    select
        revenue.account_id,
        coalesce(obligations.price_id, 'unknown') as price_id,
        revenue.currency_code,
        mappings.target as margin_line,
        revenue.month,
        cast(
            sum(
                revenue.recognized_reporting_minor - revenue.contra_reporting_minor
            ) as decimal(20, 0)
        ) as revenue_minor
    from revenue
    inner join obligations
        on
            revenue.invoice_line_item_id = obligations.invoice_line_item_id
            and revenue.invoice_id = obligations.invoice_id
            and revenue.obligation = obligations.obligation
    left join mappings
        on
            mappings.mapping = 'revenue_stream'
            and revenue.stream = mappings.value
    group by
        revenue.account_id,
        coalesce(obligations.price_id, 'unknown'),
        revenue.currency_code,
        mappings.target,
        revenue.month
    having
        sum(revenue.recognized_reporting_minor - revenue.contra_reporting_minor) <> 0

)

select * from final
