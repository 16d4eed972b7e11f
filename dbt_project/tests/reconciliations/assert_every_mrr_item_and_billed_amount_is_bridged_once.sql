-- Behind the revenue bridge stand all of MRR, all billings and all revenue, each item,
-- line and obligation with its class. A returned row is one that is missing, in excess,
-- of another amount, or without a class.
-- MRR is in major units, billings and revenue in minor units of the reporting currency.
with

mrr_items as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

bridged_items as (

    select * from {{ ref('int_item_months_by_billing') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

billed_lines as (

    select
        invoice_id,
        invoice_line_item_id,
        month,
        sum(billed_reporting_minor) as billed_reporting_minor
    from revenue
    group by invoice_id, invoice_line_item_id, month

),

bridged_lines as (

    select * from {{ ref('int_billed_lines_by_month') }}

),

bridged_obligations as (

    select * from {{ ref('int_obligation_months_by_billing') }}

),

findings as (

    select
        'MRR of a subscription item' as bridged,
        coalesce(
            mrr_items.subscription_item_id, bridged_items.subscription_item_id
        ) as row_id,
        coalesce(mrr_items.month, bridged_items.month) as month,
        bridged_items.billing_class,
        cast(mrr_items.mrr_amount as decimal(38, 4)) as expected_amount,
        cast(bridged_items.mrr_amount as decimal(38, 4)) as actual_amount
    from mrr_items
    full outer join bridged_items
        on
            mrr_items.subscription_item_id = bridged_items.subscription_item_id
            and mrr_items.month = bridged_items.month
    union all
    select
        'billing of an invoice line' as bridged,
        coalesce(
            billed_lines.invoice_line_item_id, bridged_lines.invoice_line_item_id
        ) as row_id,
        coalesce(billed_lines.month, bridged_lines.month) as month,
        bridged_lines.billing_class,
        cast(coalesce(billed_lines.billed_reporting_minor, 0) as decimal(38, 4))
            as expected_amount,
        cast(bridged_lines.billed_reporting_minor as decimal(38, 4)) as actual_amount
    from billed_lines
    full outer join bridged_lines
        on
            billed_lines.invoice_line_item_id = bridged_lines.invoice_line_item_id
            and billed_lines.invoice_id = bridged_lines.invoice_id
            and billed_lines.month = bridged_lines.month
    where
        billed_lines.billed_reporting_minor <> 0
        or bridged_lines.invoice_line_item_id is not null
    union all
    select
        'revenue of a performance obligation' as bridged,
        coalesce(
            revenue.invoice_line_item_id, bridged_obligations.invoice_line_item_id
        ) as row_id,
        coalesce(revenue.month, bridged_obligations.month) as month,
        bridged_obligations.billing_class,
        cast(revenue.recognized_reporting_minor as decimal(38, 4)) as expected_amount,
        cast(bridged_obligations.recognized_reporting_minor as decimal(38, 4))
            as actual_amount
    from revenue
    full outer join bridged_obligations
        on
            revenue.invoice_line_item_id = bridged_obligations.invoice_line_item_id
            and revenue.invoice_id = bridged_obligations.invoice_id
            and revenue.obligation = bridged_obligations.obligation
            and revenue.month = bridged_obligations.month

)

select
    bridged,
    row_id,
    month,
    billing_class,
    expected_amount,
    actual_amount
from findings
where
    billing_class is null
    or expected_amount is distinct from actual_amount
