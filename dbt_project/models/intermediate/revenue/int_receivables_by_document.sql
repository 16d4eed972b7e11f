-- Grain: one row per document (type and id) and effect of it (made or undone): by how
-- much it moves what the customer owes, and the tax owed to the state.
-- Whole minor units; a customer's credit balance stays inside what it owes.
-- Definitions 5.
with

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

reductions as (

    select * from {{ ref('int_invoice_reductions_by_obligation') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

credit_notes as (

    select * from {{ ref('stg_billing__credit_notes') }}

),

refunds as (

    select * from {{ ref('int_refunds_covered') }}

),

disputes as (

    select * from {{ ref('int_disputes_withdrawn') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

reduced as (

    select
        invoice_id,
        reduction_kind,
        reduction_id,
        reduced_on,
        undone_on,
        sum(reduced_minor) as gross_minor,
        sum(case when obligation = 'tax' then reduced_minor else 0 end) as tax_minor
    from reductions
    group by invoice_id, reduction_kind, reduction_id, reduced_on, undone_on

),

payments as (

    select
        charges.charge_id,
        charges.invoice_id,
        charges.amount_minor,
        {{ local_day('charges.created_at', 'run_settings.reporting_time_zone') }}
            as moved_on
    from charges
    inner join invoices
        on charges.invoice_id = invoices.invoice_id
    cross join run_settings
    where
        charges.is_live
        and not charges.is_deleted
        and coalesce(charges.charge_status = 'succeeded', charges.is_paid, false)
        and coalesce(charges.is_captured, true)
        and {{ is_known_by_the_as_of('charges.created_at') }}

),

-- Credit notes before payment leave less to pay.
credited_before_payment as (

    select
        credit_notes.invoice_id,
        sum(coalesce(credit_notes.total_minor, credit_notes.amount_minor, 0))
            as credited_minor
    from credit_notes
    cross join run_settings
    where
        credit_notes.is_live
        and not credit_notes.is_deleted
        and credit_notes.voided_at is null
        and coalesce(credit_notes.credit_note_status, 'issued') <> 'void'
        and credit_notes.credit_note_type = 'pre_payment'
        and {{ is_known_by_the_as_of('credit_notes.created_at') }}
    group by credit_notes.invoice_id

),

-- A paid invoice that does not say how much was paid was paid in full.
amounts_paid as (

    select
        invoices.invoice_id,
        coalesce(
            invoices.amount_paid_minor,
            greatest(
                invoices.total_minor
                - coalesce(credited_before_payment.credited_minor, 0),
                0
            )
        ) as amount_paid_minor
    from invoices
    left join credited_before_payment
        on invoices.invoice_id = credited_before_payment.invoice_id
    where invoices.invoice_status = 'paid'

),

paid_by_charges as (
    select
        invoice_id,
        sum(amount_minor) as amount_minor
    from payments
    group by invoice_id

),

moved as (

    select
        'invoice' as document_type,
        invoice_id as document_id,
        'made' as effect,
        invoice_id,
        billed_on as moved_on,
        total_minor as receivable_minor,
        tax_minor
    from invoices
    union all
    select
        reduction_kind as document_type,
        reduction_id as document_id,
        'made' as effect,
        invoice_id,
        reduced_on as moved_on,
        -gross_minor as receivable_minor,
        -tax_minor as tax_minor
    from reduced
    union all
    select
        reduction_kind as document_type,
        reduction_id as document_id,
        'undone' as effect,
        invoice_id,
        undone_on as moved_on,
        gross_minor as receivable_minor,
        tax_minor
    from reduced
    where undone_on is not null
    union all
    select
        'payment' as document_type,
        charge_id as document_id,
        'made' as effect,
        invoice_id,
        moved_on,
        -amount_minor as receivable_minor,
        0 as tax_minor
    from payments
    union all
    -- What an invoice was paid with that no charge shows: cash, a transfer, a cheque.
    select
        'outside_payment' as document_type,
        invoices.invoice_id as document_id,
        'made' as effect,
        invoices.invoice_id,
        coalesce(invoices.paid_on, invoices.billed_on) as moved_on,
        -(
            amounts_paid.amount_paid_minor - coalesce(paid_by_charges.amount_minor, 0)
        ) as receivable_minor,
        0 as tax_minor
    from invoices
    inner join amounts_paid
        on invoices.invoice_id = amounts_paid.invoice_id
    left join paid_by_charges
        on invoices.invoice_id = paid_by_charges.invoice_id
    where amounts_paid.amount_paid_minor > coalesce(paid_by_charges.amount_minor, 0)
    union all
    -- The money that a refund or a dispute pays out, beside the revenue that it takes.
    select
        'refund_payment' as document_type,
        refunds.refund_id as document_id,
        'made' as effect,
        refunds.invoice_id,
        {{ local_day('refunds.created_at', 'run_settings.reporting_time_zone') }}
            as moved_on,
        refunds.amount_minor as receivable_minor,
        0 as tax_minor
    from refunds
    cross join run_settings
    union all
    select
        'dispute_payment' as document_type,
        disputes.dispute_id as document_id,
        'made' as effect,
        disputes.invoice_id,
        {{ local_day('disputes.withdrawn_at', 'run_settings.reporting_time_zone') }}
            as moved_on,
        disputes.amount_minor as receivable_minor,
        0 as tax_minor
    from disputes
    cross join run_settings
    union all
    select
        'dispute_payment' as document_type,
        disputes.dispute_id as document_id,
        'undone' as effect,
        disputes.invoice_id,
        {{ local_day('disputes.reinstated_at', 'run_settings.reporting_time_zone') }}
            as moved_on,
        -disputes.amount_minor as receivable_minor,
        0 as tax_minor
    from disputes
    cross join run_settings
    where disputes.reinstated_at is not null

),

final as (

    select
        moved.document_type,
        moved.document_id,
        moved.effect,
        moved.invoice_id,
        invoices.customer_id,
        invoices.account_id,
        invoices.currency_code,
        invoices.minor_unit_digits,
        moved.moved_on,
        {{ month_of('moved.moved_on') }} as month,
        {{ exact_integer('moved.receivable_minor') }} as receivable_minor,
        {{ exact_integer('moved.tax_minor') }} as tax_minor
    from moved
    inner join invoices
        on moved.invoice_id = invoices.invoice_id

)

select * from final
