-- What takes an invoice back must be of an invoice that is there, and no more than it:
-- otherwise revenue would be taken back that never was, or not taken back at all.
-- Invoices and charges of test mode, deleted ones and drafts are there.
with

reductions as (

    select * from {{ ref('int_invoice_reductions') }}

),

reduced_elements as (

    select * from {{ ref('int_invoice_reductions_by_obligation') }}

),

billed_invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

invoices as (

    select * from {{ ref('stg_billing__invoices') }}

),

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

credit_notes as (

    select * from {{ ref('stg_billing__credit_notes') }}

),

credit_note_line_items as (

    select * from {{ ref('stg_billing__credit_note_line_items') }}

),

refunds as (

    select * from {{ ref('stg_billing__refunds') }}

),

disputes as (

    select * from {{ ref('stg_billing__disputes') }}

),

-- What was undone takes nothing in the end, and a void takes only what is left.
lasting as (

    select
        invoice_id,
        sum(gross_minor) as gross_minor,
        {{ ordered_list(
            "reduction_kind || ' ' || reduction_id || ' ' || cast(gross_minor as string)"
        ) }} as reduction_list
    from reductions
    where
        undone_on is null
        and reduction_kind <> 'void'
    group by invoice_id

),

taken as (

    select
        invoice_id,
        reduction_number,
        sum(reduced_minor) as taken_minor
    from reduced_elements
    group by invoice_id, reduction_number

),

findings as (

    select
        'billing.invoice' as raw_table,
        billed_invoices.invoice_id as row_id,
        'total' as column_name,
        cast(billed_invoices.total_minor as string) as rejected_value,
        'More is taken off the invoice than it comes to, '
        || cast(lasting.gross_minor as string)
        || ' minor units: '
        || lasting.reduction_list
        || '.' as reason
    from billed_invoices
    inner join lasting
        on billed_invoices.invoice_id = lasting.invoice_id
    where lasting.gross_minor > greatest(billed_invoices.total_minor, 0)
    union all
    select
        'billing.'
        || case
            when reductions.reduction_kind = 'write_off' then 'invoice'
            else reductions.reduction_kind
        end as raw_table,
        reductions.reduction_id as row_id,
        'amount' as column_name,
        coalesce(cast(reductions.gross_minor as string), 'NULL') as rejected_value,
        'Only '
        || cast(coalesce(taken.taken_minor, 0) as string)
        || ' minor units of it can be taken off the lines and the tax of invoice '
        || reductions.invoice_id
        || '.' as reason
    from reductions
    left join taken
        on
            reductions.invoice_id = taken.invoice_id
            and reductions.reduction_number = taken.reduction_number
    where
        reductions.reduction_kind <> 'void'
        and reductions.gross_minor is distinct from coalesce(taken.taken_minor, 0)
    union all
    select
        'billing.credit_note' as raw_table,
        credit_notes.credit_note_id as row_id,
        'invoice_id' as column_name,
        coalesce(credit_notes.invoice_id, 'NULL') as rejected_value,
        'The invoice that is credited is not in the export.' as reason
    from credit_notes
    left join invoices
        on credit_notes.invoice_id = invoices.invoice_id
    where
        credit_notes.is_live
        and not credit_notes.is_deleted
        and invoices.invoice_id is null
    union all
    select
        'billing.credit_note_line_item' as raw_table,
        credit_note_line_items.credit_note_line_item_id as row_id,
        'credit_note_id' as column_name,
        coalesce(credit_note_line_items.credit_note_id, 'NULL') as rejected_value,
        'The credit note of the line is not in the export.' as reason
    from credit_note_line_items
    left join credit_notes
        on credit_note_line_items.credit_note_id = credit_notes.credit_note_id
    where
        credit_note_line_items.is_live
        and not credit_note_line_items.is_deleted
        and credit_notes.credit_note_id is null
    union all
    -- A line of the note alone names no line of the invoice.
    select
        'billing.credit_note_line_item' as raw_table,
        credit_note_line_items.credit_note_line_item_id as row_id,
        'invoice_line_item_id' as column_name,
        credit_note_line_items.invoice_line_item_id as rejected_value,
        'It credits no line of the invoice of its credit note, '
        || credit_notes.invoice_id
        || case
            when invoice_line_items.invoice_line_item_id is null
                then ', but one that is not in the export.'
            else
                ', but one of '
                || coalesce(invoice_line_items.invoice_id, 'NULL')
                || '.'
        end as reason
    from credit_note_line_items
    inner join credit_notes
        on credit_note_line_items.credit_note_id = credit_notes.credit_note_id
    inner join billed_invoices
        on credit_notes.invoice_id = billed_invoices.invoice_id
    left join invoice_line_items
        on
            credit_note_line_items.invoice_line_item_id
            = invoice_line_items.invoice_line_item_id
    where
        credit_note_line_items.is_live
        and not credit_note_line_items.is_deleted
        and credit_notes.is_live
        and not credit_notes.is_deleted
        and credit_note_line_items.invoice_line_item_id is not null
        and invoice_line_items.invoice_id is distinct from credit_notes.invoice_id
    union all
    -- A charge without an invoice is a payment of its own.
    select
        'billing.charge' as raw_table,
        charges.charge_id as row_id,
        'invoice_id' as column_name,
        charges.invoice_id as rejected_value,
        'The invoice that was paid is not in the export.' as reason
    from charges
    left join invoices
        on charges.invoice_id = invoices.invoice_id
    where
        charges.is_live
        and not charges.is_deleted
        and coalesce(charges.charge_status = 'succeeded', charges.is_paid, false)
        and coalesce(charges.is_captured, true)
        and charges.invoice_id is not null
        and invoices.invoice_id is null
    union all
    -- A refund without a charge pays out what no charge had brought.
    select
        'billing.refund' as raw_table,
        refunds.refund_id as row_id,
        'charge_id' as column_name,
        refunds.charge_id as rejected_value,
        'The charge that was refunded is not in the export.' as reason
    from refunds
    left join charges
        on refunds.charge_id = charges.charge_id
    where
        refunds.is_live
        and not refunds.is_deleted
        and coalesce(refunds.refund_status, 'succeeded') = 'succeeded'
        and refunds.charge_id is not null
        and charges.charge_id is null
    union all
    select
        'billing.dispute' as raw_table,
        disputes.dispute_id as row_id,
        'charge_id' as column_name,
        coalesce(disputes.charge_id, 'NULL') as rejected_value,
        'The charge that is disputed is not in the export.' as reason
    from disputes
    left join charges
        on disputes.charge_id = charges.charge_id
    where
        disputes.is_live
        and not disputes.is_deleted
        and charges.charge_id is null

)

select
    raw_table,
    row_id,
    column_name,
    rejected_value,
    reason
from findings
