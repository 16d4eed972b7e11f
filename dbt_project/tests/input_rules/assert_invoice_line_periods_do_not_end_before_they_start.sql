-- A line whose period ends before it starts has no days over which it could be earned:
-- all of it is on the day of billing, which is said here.
with

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

)

select
    'billing.invoice_line_item' as raw_table,
    invoice_line_items.invoice_line_item_id as row_id,
    'period_end' as column_name,
    cast(invoice_line_items.period_end_at as string) as rejected_value,
    'The period ends before it starts, at '
    || cast(invoice_line_items.period_start_at as string)
    || ': the line is earned when it was billed, on '
    || cast(invoices.billed_on as string)
    || '.' as reason
from invoice_line_items
inner join invoices
    on invoice_line_items.invoice_id = invoices.invoice_id
where
    invoice_line_items.is_live
    and not invoice_line_items.is_deleted
    and invoice_line_items.period_end_at < invoice_line_items.period_start_at
