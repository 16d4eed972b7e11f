-- A proration of amount 0 has no sign: only its wording ("Unused time on ...",
-- "Remaining time on ...") tells a credit from a charge. Without it, it is read as a
-- charge, which may keep an item on a free plan, or count a free tier twice.
with

lines as (

    select * from {{ ref('int_invoice_lines_classified') }}

),

descriptions as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

free_prorations as (

    select
        lines.*,
        descriptions.description
    from lines
    inner join descriptions
        on lines.invoice_line_item_id = descriptions.invoice_line_item_id
    where
        lines.exclusion_reason is null
        and lines.is_proration
        and lines.amount_minor = 0
        and lines.quantity > 0
        and not coalesce(lower(descriptions.description) like 'unused time%', false)
        and not coalesce(lower(descriptions.description) like 'remaining time%', false)

),

priced_prorations as (

    select distinct
        invoice_id,
        subscription_item_id,
        period_start_at
    from lines
    where
        exclusion_reason is null
        and is_proration
        and amount_minor <> 0

)

select
    'billing.invoice_line_item' as raw_table,
    free_prorations.invoice_line_item_id as row_id,
    'description' as column_name,
    coalesce(free_prorations.description, 'NULL') as rejected_value,
    'A proration of 0 beside others of its item and moment: nothing says whether it is'
    || ' the credit or the charge.' as reason
from free_prorations
inner join priced_prorations
    on
        free_prorations.invoice_id = priced_prorations.invoice_id
        and free_prorations.subscription_item_id
        = priced_prorations.subscription_item_id
        and free_prorations.period_start_at = priced_prorations.period_start_at
