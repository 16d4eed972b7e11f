-- Grain: one row per reduction of a billed invoice: a credit note, a refund that no
-- credit note covers, a dispute, a write-off or a void; in force over
-- [reduced_on, undone_on).
-- gross_minor is with tax. What is not given line by line (spread_minor) is spread over
-- the invoice; a void takes what no other reduction takes, so it has no amount here.
-- Definitions 5.
with

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

credit_notes as (

    select * from {{ ref('stg_billing__credit_notes') }}

),

credit_note_line_items as (

    select * from {{ ref('stg_billing__credit_note_line_items') }}

),

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

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

billed_lines as (

    select distinct
        invoice_line_item_id,
        invoice_id
    from performance_obligations

),

-- Of the lines of a note those that name a line of its invoice, and all.
credited_lines as (

    select
        credit_note_line_items.credit_note_id,
        sum(
            case
                when billed_lines.invoice_line_item_id is not null
                    then credit_note_line_items.amount_minor
                else 0
            end
        ) as named_minor,
        sum(credit_note_line_items.amount_minor) as amount_minor
    from credit_note_line_items
    inner join credit_notes
        on credit_note_line_items.credit_note_id = credit_notes.credit_note_id
    left join billed_lines
        on
            credit_note_line_items.invoice_line_item_id
            = billed_lines.invoice_line_item_id
            and credit_notes.invoice_id = billed_lines.invoice_id
    where
        credit_note_line_items.is_live
        and not credit_note_line_items.is_deleted
    group by credit_note_line_items.credit_note_id

),

issued_credit_notes as (

    select
        credit_notes.credit_note_id,
        credit_notes.invoice_id,
        credit_notes.credit_note_type,
        {{ local_day('credit_notes.created_at', 'run_settings.reporting_time_zone') }}
            as reduced_on,
        {{ local_day('credit_notes.voided_at', 'run_settings.reporting_time_zone') }}
            as undone_on,
        coalesce(credit_notes.total_minor, credit_notes.amount_minor, 0) as gross_minor,
        -- Without a subtotal it is net in the proportion of its invoice.
        coalesce(
            credit_notes.subtotal_minor
            - coalesce(credit_notes.discount_amount_minor, 0),
            case
                when invoices.total_minor = 0
                    then coalesce(credit_notes.total_minor, credit_notes.amount_minor)
                else
                    {{ round_signed_quotient(
                        exact_integer(
                            'coalesce(credit_notes.total_minor,'
                            ~ ' credit_notes.amount_minor, 0)'
                        ) ~ ' * invoices.net_minor',
                        'invoices.total_minor'
                    ) }}
            end
        ) as net_minor,
        coalesce(credit_notes.discount_amount_minor, 0) <> 0
        and coalesce(credited_lines.amount_minor, 0) <> 0 as has_discounted_lines,
        coalesce(credited_lines.named_minor, 0) as named_minor,
        coalesce(credited_lines.amount_minor, 0) as all_lines_minor
    from credit_notes
    inner join invoices
        on credit_notes.invoice_id = invoices.invoice_id
    cross join run_settings
    left join credited_lines
        on credit_notes.credit_note_id = credited_lines.credit_note_id
    where
        credit_notes.is_live
        and not credit_notes.is_deleted
        and {{ is_known_by_the_as_of('credit_notes.created_at') }}
        -- Void, and nothing says when: as if it had not been.
        and (
            coalesce(credit_notes.credit_note_status, 'issued') <> 'void'
            or credit_notes.voided_at is not null
        )

),

named_credits as (

    select
        *,
        case
            when has_discounted_lines
                then
                    {{ round_signed_quotient(
                        exact_integer('net_minor') ~ ' * named_minor',
                        'all_lines_minor'
                    ) }}
            else named_minor
        end as line_minor
    from issued_credit_notes

),

-- A credit note gives the amounts of the lines that it names, with their share of its
-- tax; the rest of it is spread with the rest of the tax.
credit_note_amounts as (

    select
        invoice_id,
        'credit_note' as reduction_kind,
        credit_note_id as reduction_id,
        reduced_on,
        undone_on,
        gross_minor,
        line_minor,
        case
            when line_minor = 0 or net_minor = 0 then 0
            else
                {{ round_signed_quotient(
                    exact_integer('gross_minor - net_minor') ~ ' * line_minor',
                    'net_minor'
                ) }}
        end as tax_minor,
        case when has_discounted_lines then net_minor end as discounted_net_minor,
        case when has_discounted_lines then all_lines_minor end
            as discounted_lines_minor
    from named_credits

),

pre_payment_credits as (

    select
        invoice_id,
        sum(gross_minor) as credited_minor
    from issued_credit_notes
    where
        credit_note_type = 'pre_payment'
        and undone_on is null
    group by invoice_id

),

write_offs as (

    select
        invoices.invoice_id,
        'write_off' as reduction_kind,
        invoices.invoice_id as reduction_id,
        coalesce(invoices.marked_uncollectible_on, invoices.billed_on) as reduced_on,
        case
            when invoices.invoice_status <> 'uncollectible'
                then coalesce(invoices.paid_on, invoices.voided_on)
        end as undone_on,
        case
            when invoices.invoice_status = 'uncollectible'
                then
                    coalesce(
                        invoices.amount_remaining_minor,
                        invoices.total_minor
                        - coalesce(invoices.amount_paid_minor, 0)
                        - coalesce(pre_payment_credits.credited_minor, 0)
                    )
            else
                invoices.total_minor - coalesce(pre_payment_credits.credited_minor, 0)
        end as gross_minor
    from invoices
    left join pre_payment_credits
        on invoices.invoice_id = pre_payment_credits.invoice_id
    where
        invoices.invoice_status = 'uncollectible'
        or (
            invoices.marked_uncollectible_on is not null
            -- Paid or void later, and nothing says when: never written off.
            and coalesce(invoices.paid_on, invoices.voided_on) is not null
        )

),

unioned as (

    select
        invoice_id,
        reduction_kind,
        reduction_id,
        reduced_on,
        undone_on,
        gross_minor,
        line_minor,
        tax_minor,
        gross_minor - line_minor - tax_minor as spread_minor,
        discounted_net_minor,
        discounted_lines_minor,
        1 as kind_order
    from credit_note_amounts
    union all
    select
        refunds.invoice_id,
        'refund' as reduction_kind,
        refunds.refund_id as reduction_id,
        {{ local_day('refunds.created_at', 'run_settings.reporting_time_zone') }}
            as reduced_on,
        cast(null as date) as undone_on,
        refunds.uncovered_minor as gross_minor,
        0 as line_minor,
        0 as tax_minor,
        refunds.uncovered_minor as spread_minor,
        cast(null as bigint) as discounted_net_minor,
        cast(null as bigint) as discounted_lines_minor,
        2 as kind_order
    from refunds
    cross join run_settings
    where refunds.uncovered_minor <> 0
    union all
    select
        disputes.invoice_id,
        'dispute' as reduction_kind,
        disputes.dispute_id as reduction_id,
        {{ local_day('disputes.withdrawn_at', 'run_settings.reporting_time_zone') }}
            as reduced_on,
        {{ local_day('disputes.reinstated_at', 'run_settings.reporting_time_zone') }}
            as undone_on,
        disputes.amount_minor as gross_minor,
        0 as line_minor,
        0 as tax_minor,
        disputes.amount_minor as spread_minor,
        cast(null as bigint) as discounted_net_minor,
        cast(null as bigint) as discounted_lines_minor,
        3 as kind_order
    from disputes
    cross join run_settings
    union all
    select
        invoice_id,
        reduction_kind,
        reduction_id,
        reduced_on,
        undone_on,
        gross_minor,
        0 as line_minor,
        0 as tax_minor,
        gross_minor as spread_minor,
        cast(null as bigint) as discounted_net_minor,
        cast(null as bigint) as discounted_lines_minor,
        4 as kind_order
    from write_offs
    where gross_minor <> 0
    union all
    select
        invoice_id,
        'void' as reduction_kind,
        invoice_id as reduction_id,
        coalesce(voided_on, billed_on) as reduced_on,
        cast(null as date) as undone_on,
        cast(null as bigint) as gross_minor,
        cast(null as bigint) as line_minor,
        cast(null as bigint) as tax_minor,
        cast(null as bigint) as spread_minor,
        cast(null as bigint) as discounted_net_minor,
        cast(null as bigint) as discounted_lines_minor,
        5 as kind_order
    from invoices
    where invoice_status = 'void'

),

final as (

    select
        unioned.invoice_id,
        unioned.reduction_kind,
        unioned.reduction_id,
        unioned.reduced_on,
        unioned.undone_on,
        unioned.gross_minor,
        unioned.line_minor,
        unioned.tax_minor,
        unioned.spread_minor,
        unioned.discounted_net_minor,
        unioned.discounted_lines_minor,
        row_number() over (
            partition by unioned.invoice_id
            order by
                case when unioned.reduction_kind = 'void' then 1 else 0 end,
                unioned.reduced_on,
                unioned.kind_order,
                unioned.reduction_id
        ) as reduction_number
    from unioned

)

select * from final
