-- Grain: one row per subscription item and month at whose end its service rests on an
-- invoice that was due and not settled by then.
-- Read from the invoice's own dates, so that a later payment leaves past months alone.
with

intervals as (

    select * from {{ ref('int_item_service_intervals') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

months as (

    select * from {{ ref('int_months') }}

),

final as (

    select
        intervals.subscription_item_id,
        months.month
    from invoices
    inner join months
        on
            invoices.past_due_from < months.month_end_at
            and months.month_end_at <= invoices.settled_at
    inner join intervals
        on
            invoices.invoice_id = intervals.invoice_id
            and intervals.valid_from < months.month_end_at
            and months.month_end_at <= intervals.valid_to

)

select * from final
