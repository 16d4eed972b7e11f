-- Grain: one row per refund of an invoice that went through: how much of it pays out
-- credit notes of that invoice (covered), and how much lowers revenue by itself.
-- Refunds pay out the invoice's credit notes first, whichever came first.
with

refunds as (

    select * from {{ ref('stg_billing__refunds') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

credit_notes as (

    select * from {{ ref('stg_billing__credit_notes') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

payable_credits as (

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
        and coalesce(credit_notes.credit_note_type, 'post_payment') = 'post_payment'
        and {{ is_known_by_the_as_of('credit_notes.created_at') }}
    group by credit_notes.invoice_id

),

refunded as (

    select
        refunds.refund_id,
        charges.charge_id,
        invoices.invoice_id,
        refunds.amount_minor,
        refunds.created_at,
        coalesce(payable_credits.credited_minor, 0) as credited_minor,
        sum(refunds.amount_minor) over (
            partition by invoices.invoice_id
            order by refunds.created_at, refunds.refund_id
            rows between unbounded preceding and current row
        ) as refunded_minor
    from refunds
    cross join run_settings
    inner join charges
        on refunds.charge_id = charges.charge_id
    inner join invoices
        on charges.invoice_id = invoices.invoice_id
    left join payable_credits
        on invoices.invoice_id = payable_credits.invoice_id
    where
        refunds.is_live
        and not refunds.is_deleted
        and coalesce(refunds.refund_status, 'succeeded') = 'succeeded'
        and {{ is_known_by_the_as_of('refunds.created_at') }}

),

final as (

    select
        refund_id,
        charge_id,
        invoice_id,
        created_at,
        amount_minor,
        greatest(refunded_minor - credited_minor, 0)
        - greatest(refunded_minor - amount_minor - credited_minor, 0)
            as uncovered_minor
    from refunded

)

select * from final
