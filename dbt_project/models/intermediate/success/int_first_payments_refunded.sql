-- Grain: one row per refund of an invoice within policy money_back_days of the first
-- payment of its account: of that day, and up to so many days later.
with

documents as (

    select * from {{ ref('int_receivables_by_document') }}

),

refunds as (

    select * from {{ ref('int_refunds_covered') }}

),

exported_refunds as (

    select * from {{ ref('stg_billing__refunds') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

first_payments as (

    select
        account_id,
        min(moved_on) as first_paid_on
    from documents
    where
        document_type in ('payment', 'outside_payment')
        and effect = 'made'
        and receivable_minor < 0
    group by account_id

),

final as (

    select
        refunds.refund_id,
        documents.account_id,
        documents.customer_id,
        documents.invoice_id,
        refunds.charge_id,
        documents.currency_code,
        documents.minor_unit_digits,
        first_payments.first_paid_on,
        documents.moved_on as refunded_on,
        refunds.amount_minor,
        charges.amount_minor as charge_minor,
        exported_refunds.reason
    from refunds
    inner join documents
        on
            refunds.refund_id = documents.document_id
            and documents.document_type = 'refund_payment'
            and documents.effect = 'made'
    inner join first_payments
        on documents.account_id = first_payments.account_id
    inner join exported_refunds
        on refunds.refund_id = exported_refunds.refund_id
    inner join charges
        on refunds.charge_id = charges.charge_id
    inner join run_settings
        on
            first_payments.first_paid_on <= documents.moved_on
            and {{ add_days(
                'first_payments.first_paid_on', 'run_settings.money_back_days'
            ) }} >= documents.moved_on
            and documents.moved_on <= run_settings.as_of_date

)

select * from final
