-- What the revenue bridge compares of renewals is one service: MRR of the month's
-- renewals stands against the lines that bill it, and these lines against that MRR. A
-- returned row is an item or a line without the other.
-- Service at a price of 0 has no MRR to stand against.
with

item_months as (

    select * from {{ ref('int_item_months_by_billing') }}

),

renewed_items as (

    select *
    from item_months
    where billing_class = 'renewal'

),

renewal_lines as (

    select *
    from {{ ref('int_billed_lines_by_month') }}
    where billing_class = 'renewal'

),

items_without_lines as (

    select
        renewed_items.subscription_item_id,
        renewed_items.month,
        renewed_items.statement_start_at,
        renewed_items.invoice_id,
        'MRR that was billed in the month has no line that bills it.' as reason
    from renewed_items
    left join renewal_lines
        on
            renewed_items.subscription_item_id = renewal_lines.subscription_item_id
            and renewed_items.month = renewal_lines.month
            and renewed_items.statement_start_at = renewal_lines.statement_start_at
            and renewed_items.invoice_id = renewal_lines.invoice_id
    where renewal_lines.invoice_line_item_id is null

),

lines_of_other_service as (

    select
        renewal_lines.subscription_item_id,
        renewal_lines.month,
        renewal_lines.statement_start_at,
        renewal_lines.invoice_id,
        'A line bills service in force whose MRR is served from elsewhere.' as reason
    from renewal_lines
    inner join item_months
        on
            renewal_lines.subscription_item_id = item_months.subscription_item_id
            and renewal_lines.month = item_months.month
    where
        item_months.billing_class is distinct from 'renewal'
        or item_months.statement_start_at
        is distinct from renewal_lines.statement_start_at
        or item_months.invoice_id is distinct from renewal_lines.invoice_id

),

findings as (

    select * from items_without_lines
    union all
    select * from lines_of_other_service

)

select
    subscription_item_id,
    month,
    statement_start_at,
    invoice_id,
    reason
from findings
