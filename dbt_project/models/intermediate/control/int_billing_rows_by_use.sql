-- Grain: one row per billing table and use: what became of its rows, the rows that
-- count with what they are, the others with why not, or that nothing says.
{%- set read_only_tables = [
    ['coupon', 'coupons'], ['customer', 'customers'], ['plan', 'plans'],
    ['price', 'prices'], ['price_tier', 'price_tiers'], ['product', 'products'],
    ['subscription', 'subscriptions'],
    ['subscription_discount', 'subscription_discounts'],
    ['subscription_item', 'subscription_items']
] %}
with

visible_invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

billed_invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

reductions as (

    select * from {{ ref('int_invoice_reductions') }}

),

receivables as (

    select * from {{ ref('int_receivables_by_document') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

earned_lines as (

    select distinct
        invoice_line_item_id,
        invoice_id
    from performance_obligations

),

payments as (

    select document_id as charge_id
    from receivables
    where document_type = 'payment'

),

invoices as (

    select
        'invoice' as table_name,
        case
            when not invoices.is_live then 'test mode'
            when invoices.is_deleted then 'deleted'
            when billed_invoices.invoice_id is not null then 'billed invoice'
            when visible_invoices.invoice_id is null then 'after the as-of'
            when invoices.invoice_status = 'draft' then 'draft'
        end as row_use
    from {{ ref('stg_billing__invoices') }} as invoices
    left join visible_invoices
        on invoices.invoice_id = visible_invoices.invoice_id
    left join billed_invoices
        on invoices.invoice_id = billed_invoices.invoice_id

),

invoice_line_items as (

    select
        'invoice_line_item' as table_name,
        case
            when not lines.is_live then 'test mode'
            when lines.is_deleted then 'deleted'
            when earned_lines.invoice_line_item_id is not null
                then 'line of a billed invoice'
            when billed_invoices.invoice_id is null
                then 'line of an invoice that is not billed'
        end as row_use
    from {{ ref('stg_billing__invoice_line_items') }} as lines
    left join billed_invoices
        on lines.invoice_id = billed_invoices.invoice_id
    left join earned_lines
        on
            lines.invoice_line_item_id = earned_lines.invoice_line_item_id
            and lines.invoice_id = earned_lines.invoice_id

),

discounts as (

    select
        'discount' as table_name,
        case
            when not discounts.is_live then 'test mode'
            when discounts.is_deleted then 'deleted'
            when not discounts.is_of_line then 'not of a line'
            when earned_lines.invoice_line_item_id is not null
                then 'discount of a billed line'
            else 'discount of a line that is not billed'
        end as row_use
    from {{ ref('stg_billing__discounts') }} as discounts
    left join earned_lines
        on discounts.discounted_id = earned_lines.invoice_line_item_id

),

charges as (

    select
        'charge' as table_name,
        case
            when not charges.is_live then 'test mode'
            when charges.is_deleted then 'deleted'
            when payments.charge_id is not null then 'payment of an invoice'
            when not {{ is_known_by_the_as_of('charges.created_at') }}
                then 'after the as-of'
            when
                not coalesce(
                    charges.charge_status = 'succeeded', charges.is_paid, false
                )
                then 'not successful'
            when not coalesce(charges.is_captured, true) then 'not captured'
            when charges.invoice_id is null then 'without an invoice'
            when billed_invoices.invoice_id is null
                then 'payment of an invoice that is not billed'
        end as row_use
    from {{ ref('stg_billing__charges') }} as charges
    cross join run_settings
    left join payments
        on charges.charge_id = payments.charge_id
    left join billed_invoices
        on charges.invoice_id = billed_invoices.invoice_id

),

refunds as (

    select
        'refund' as table_name,
        case
            when not refunds.is_live then 'test mode'
            when refunds.is_deleted then 'deleted'
            when covered.refund_id is not null then 'refund of an invoice'
            when not {{ is_known_by_the_as_of('refunds.created_at') }}
                then 'after the as-of'
            when coalesce(refunds.refund_status, 'succeeded') <> 'succeeded'
                then 'not successful'
            when charges.invoice_id is null then 'without an invoice'
            when billed_invoices.invoice_id is null
                then 'refund of an invoice that is not billed'
        end as row_use
    from {{ ref('stg_billing__refunds') }} as refunds
    cross join run_settings
    left join {{ ref('int_refunds_covered') }} as covered
        on refunds.refund_id = covered.refund_id
    left join {{ ref('stg_billing__charges') }} as charges
        on refunds.charge_id = charges.charge_id
    left join billed_invoices
        on charges.invoice_id = billed_invoices.invoice_id

),

credit_notes as (

    select
        'credit_note' as table_name,
        case
            when not credit_notes.is_live then 'test mode'
            when credit_notes.is_deleted then 'deleted'
            when reductions.reduction_id is not null then 'credit note'
            when not {{ is_known_by_the_as_of('credit_notes.created_at') }}
                then 'after the as-of'
            when
                credit_notes.credit_note_status = 'void'
                and credit_notes.voided_at is null
                then 'void without a date'
            when billed_invoices.invoice_id is null
                then 'credit note of an invoice that is not billed'
        end as row_use
    from {{ ref('stg_billing__credit_notes') }} as credit_notes
    cross join run_settings
    left join reductions
        on
            credit_notes.credit_note_id = reductions.reduction_id
            and reductions.reduction_kind = 'credit_note'
    left join billed_invoices
        on credit_notes.invoice_id = billed_invoices.invoice_id

),

credit_note_line_items as (

    select
        'credit_note_line_item' as table_name,
        case
            when not lines.is_live then 'test mode'
            when lines.is_deleted then 'deleted'
            when reductions.reduction_id is null
                then 'of a credit note that does not count'
            when earned_lines.invoice_line_item_id is not null
                then 'credit of a line'
            else 'names no line: spread over the invoice'
        end as row_use
    from {{ ref('stg_billing__credit_note_line_items') }} as lines
    left join reductions
        on
            lines.credit_note_id = reductions.reduction_id
            and reductions.reduction_kind = 'credit_note'
    left join earned_lines
        on
            lines.invoice_line_item_id = earned_lines.invoice_line_item_id
            and reductions.invoice_id = earned_lines.invoice_id

),

disputes as (

    select
        'dispute' as table_name,
        case
            when not disputes.is_live then 'test mode'
            when disputes.is_deleted then 'deleted'
            when withdrawn.dispute_id is not null then 'disputed payment'
            when not {{ is_known_by_the_as_of('disputes.created_at') }}
                then 'after the as-of'
            when charges.invoice_id is null then 'without an invoice'
            when billed_invoices.invoice_id is null
                then 'dispute of an invoice that is not billed'
            else 'no money left for it'
        end as row_use
    from {{ ref('stg_billing__disputes') }} as disputes
    cross join run_settings
    left join {{ ref('int_disputes_withdrawn') }} as withdrawn
        on disputes.dispute_id = withdrawn.dispute_id
    left join {{ ref('stg_billing__charges') }} as charges
        on disputes.charge_id = charges.charge_id
    left join billed_invoices
        on charges.invoice_id = billed_invoices.invoice_id

),

balance_transactions as (

    select
        'balance_transaction' as table_name,
        case
            when not processor_transactions.is_live then 'test mode'
            when processor_transactions.is_deleted then 'deleted'
            when movements.balance_transaction_id is not null
                then 'movement at the processor'
            when
                not {{ is_known_by_the_as_of('processor_transactions.created_at') }}
                then 'after the as-of'
        end as row_use
    from {{ ref('stg_billing__balance_transactions') }} as processor_transactions
    cross join run_settings
    left join {{ ref('int_processor_movements') }} as movements
        on
            processor_transactions.balance_transaction_id
            = movements.balance_transaction_id

),

fees as (

    select
        'fee' as table_name,
        case
            when not fees.is_live then 'test mode'
            when fees.is_deleted then 'deleted'
            when movements.balance_transaction_id is not null
                then 'part of the fee of a movement'
            else 'of a movement that is not in the export'
        end as row_use
    from {{ ref('stg_billing__fees') }} as fees
    left join {{ ref('int_processor_movements') }} as movements
        on fees.balance_transaction_id = movements.balance_transaction_id

),

payouts as (

    select
        'payout' as table_name,
        case
            when not is_live then 'test mode'
            when is_deleted then 'deleted'
            when
                coalesce(payout_status, 'paid') in ('paid', 'in_transit', 'pending')
                then 'payout'
            else 'not paid out'
        end as row_use
    from {{ ref('stg_billing__payouts') }}

),

described as (

    select * from invoices
    union all
    select * from invoice_line_items
    union all
    select * from discounts
    union all
    select * from charges
    union all
    select * from refunds
    union all
    select * from credit_notes
    union all
    select * from credit_note_line_items
    union all
    select * from disputes
    union all
    select * from balance_transactions
    union all
    select * from fees
    union all
    select * from payouts
    {%- for table, entities in read_only_tables %}
    union all
    select
        '{{ table }}' as table_name,
        case
            when not is_live then 'test mode'
            when is_deleted then 'deleted, kept for history'
            else 'read'
        end as row_use
    from {{ ref('stg_billing__' ~ entities) }}
    {%- endfor %}

),

final as (

    select
        table_name,
        coalesce(row_use, 'nothing says') as row_use,
        count(*) as row_count
    from described
    group by table_name, coalesce(row_use, 'nothing says')

)

select * from final
