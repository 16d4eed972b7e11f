-- Grain: one row per account, currency and month in which something moved what it owes,
-- or in which it opens or closes owing or being owed something.
-- opening + billed - paid - credited - disputed - written off + refunded = closing, in
-- currency_code, with tax. Below 0 the account has a credit. Definitions 5.
with

documents as (

    select * from {{ ref('int_receivables_by_document') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

moved as (

    select
        documents.account_id,
        documents.currency_code,
        documents.minor_unit_digits,
        documents.month,
        sum(
            case
                when documents.document_type in ('invoice', 'void')
                    then documents.receivable_minor
                else 0
            end
        ) as billed_minor,
        -sum(
            case
                when documents.document_type in ('payment', 'outside_payment')
                    then documents.receivable_minor
                else 0
            end
        ) as paid_minor,
        -sum(
            case
                when documents.document_type in ('credit_note', 'refund')
                    then documents.receivable_minor
                else 0
            end
        ) as credited_minor,
        -sum(
            case
                when documents.document_type = 'dispute' then documents.receivable_minor
                else 0
            end
        ) as disputed_minor,
        -sum(
            case
                when documents.document_type = 'write_off'
                    then documents.receivable_minor
                else 0
            end
        ) as written_off_minor,
        sum(
            case
                when documents.document_type in ('refund_payment', 'dispute_payment')
                    then documents.receivable_minor
                else 0
            end
        ) as refunded_minor,
        sum(documents.receivable_minor) as change_minor
    from documents
    inner join closes
        on
            documents.month = closes.month
            and documents.moved_on < closes.facts_close_on
    group by
        documents.account_id,
        documents.currency_code,
        documents.minor_unit_digits,
        documents.month

),

balanced as (

    select
        *,
        sum(change_minor) over (
            partition by account_id, currency_code
            order by month
            rows between unbounded preceding and current row
        ) as closing_minor,
        coalesce(
            lead(month) over (
                partition by account_id, currency_code
                order by month
            ),
            {{ end_of_time() }}
        ) as next_moved_month
    from moved

),

-- Between two months in which something moved, what is open stays open.
months_open as (

    select
        balanced.account_id,
        balanced.currency_code,
        balanced.minor_unit_digits,
        closes.month,
        balanced.billed_minor,
        balanced.paid_minor,
        balanced.credited_minor,
        balanced.disputed_minor,
        balanced.written_off_minor,
        balanced.refunded_minor,
        balanced.closing_minor - balanced.change_minor as opening_minor,
        balanced.closing_minor
    from balanced
    inner join closes
        on balanced.month = closes.month
    union all
    select
        balanced.account_id,
        balanced.currency_code,
        balanced.minor_unit_digits,
        closes.month,
        0 as billed_minor,
        0 as paid_minor,
        0 as credited_minor,
        0 as disputed_minor,
        0 as written_off_minor,
        0 as refunded_minor,
        balanced.closing_minor as opening_minor,
        balanced.closing_minor
    from balanced
    inner join closes
        on
            balanced.month < closes.month
            and closes.month < balanced.next_moved_month
    where balanced.closing_minor <> 0

),

final as (

    select
        account_id,
        currency_code,
        month,
        {{ minor_to_amount('opening_minor', 'minor_unit_digits') }} as opening_amount,
        {{ minor_to_amount('billed_minor', 'minor_unit_digits') }} as billed_amount,
        {{ minor_to_amount('paid_minor', 'minor_unit_digits') }} as paid_amount,
        {{ minor_to_amount('credited_minor', 'minor_unit_digits') }} as credited_amount,
        {{ minor_to_amount('disputed_minor', 'minor_unit_digits') }} as disputed_amount,
        {{ minor_to_amount('written_off_minor', 'minor_unit_digits') }}
            as written_off_amount,
        {{ minor_to_amount('refunded_minor', 'minor_unit_digits') }} as refunded_amount,
        {{ minor_to_amount('closing_minor', 'minor_unit_digits') }} as closing_amount
    from months_open
    where
        opening_minor <> 0
        or billed_minor <> 0
        or paid_minor <> 0
        or credited_minor <> 0
        or disputed_minor <> 0
        or written_off_minor <> 0
        or refunded_minor <> 0
        or closing_minor <> 0

)

select * from final
