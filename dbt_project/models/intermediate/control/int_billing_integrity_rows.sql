-- Grain: one row per control of billing in itself, period, currency, side, match key
-- and row label.
-- What an export says twice must be said alike: an invoice and its lines, a payout and
-- its movements; and no part of an invoice may be lost on its way to revenue.
with

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

reductions as (

    select * from {{ ref('int_invoice_reductions_by_obligation') }}

),

processor_movements as (

    select * from {{ ref('int_processor_movements') }}

),

payouts as (

    select * from {{ ref('stg_billing__payouts') }}

),

fees as (

    select * from {{ ref('stg_billing__fees') }}

),

charges as (

    select *
    from {{ ref('stg_billing__charges') }}
    where
        is_live
        and not is_deleted

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

last_close as (

    select
        max(month) as month,
        max(facts_close_on) as facts_close_on
    from closes

),

discounts_of_lines as (

    select * from {{ ref('int_invoice_line_discounts_summed') }}

),

-- A subtotal is before discounts of the invoice and after discounts of its items, and
-- no row says which is which: where it lies between the two, nothing can be compared.
subtotalled_invoices as (

    select
        *,
        case
            when subtotal_minor = line_net_minor then 1 else 0
        end as is_after_discounts
    from invoices
    where
        subtotal_minor is not null
        and (
            subtotal_minor <= line_net_minor
            or subtotal_minor >= line_amount_minor
        )

),

invoice_subtotals as (

    select
        'invoices_equal_their_lines' as control,
        {{ month_of('billed_on') }} as period,
        currency_code,
        'expected' as side,
        invoice_id as match_key,
        'billing.invoice ' || invoice_id as row_label,
        subtotal_minor as minor,
        minor_unit_digits
    from subtotalled_invoices

),

invoice_lines as (

    select
        'invoices_equal_their_lines' as control,
        {{ month_of('subtotalled_invoices.billed_on') }} as period,
        subtotalled_invoices.currency_code,
        'actual' as side,
        subtotalled_invoices.invoice_id as match_key,
        'billing.invoice_line_item '
        || invoice_line_items.invoice_line_item_id as row_label,
        invoice_line_items.amount_minor
        - subtotalled_invoices.is_after_discounts
        * coalesce(discounts_of_lines.discount_minor, 0) as minor,
        subtotalled_invoices.minor_unit_digits
    from invoice_line_items
    inner join subtotalled_invoices
        on invoice_line_items.invoice_id = subtotalled_invoices.invoice_id
    left join discounts_of_lines
        on
            invoice_line_items.invoice_line_item_id
            = discounts_of_lines.invoice_line_item_id
    where
        invoice_line_items.is_live
        and not invoice_line_items.is_deleted

),

-- Billed by the as-of: of later ones no month knows.
known_invoices as (

    select invoices.*
    from invoices
    inner join last_close
        on invoices.billed_on < last_close.facts_close_on

),

invoice_totals as (

    select
        'revenue_slices_sum_to_invoices' as control,
        {{ month_of('billed_on') }} as period,
        currency_code,
        'expected' as side,
        invoice_id as match_key,
        'billing.invoice ' || invoice_id as row_label,
        net_minor as minor,
        minor_unit_digits
    from known_invoices

),

slices as (

    select
        revenue.invoice_id,
        sum(
            revenue.recognized_minor
            + revenue.credited_minor
            + revenue.written_off_minor
        )
        + sum(
            case
                when revenue.month = last_close.month then revenue.balance_minor
                else 0
            end
        ) as minor
    from revenue
    cross join last_close
    group by revenue.invoice_id

),

voids as (

    select
        reductions.invoice_id,
        sum(reductions.reduced_minor) as minor
    from reductions
    cross join last_close
    where
        reductions.reduction_kind = 'void'
        and reductions.obligation <> 'tax'
        and reductions.reduced_on < last_close.facts_close_on
    group by reductions.invoice_id

),

invoice_slices as (

    select
        'revenue_slices_sum_to_invoices' as control,
        {{ month_of('known_invoices.billed_on') }} as period,
        known_invoices.currency_code,
        'actual' as side,
        known_invoices.invoice_id as match_key,
        'the revenue of billing.invoice ' || known_invoices.invoice_id as row_label,
        coalesce(slices.minor, 0) + coalesce(voids.minor, 0) as minor,
        known_invoices.minor_unit_digits
    from known_invoices
    left join slices
        on known_invoices.invoice_id = slices.invoice_id
    left join voids
        on known_invoices.invoice_id = voids.invoice_id

),

-- A payout that no movement names was made by hand: nothing can be said of it.
paid_out as (

    select
        payout_id,
        currency_code,
        minor_unit_digits,
        balance_transaction_id,
        net_minor
    from processor_movements
    where
        payout_id is not null
        and not is_payout

),

currencies_of_payouts as (

    select
        payout_id,
        max(currency_code) as currency_code,
        max(minor_unit_digits) as minor_unit_digits
    from paid_out
    group by payout_id

),

dated_payouts as (

    select
        payouts.payout_id,
        payouts.amount_minor,
        currencies_of_payouts.currency_code,
        currencies_of_payouts.minor_unit_digits,
        {{ month_of(
            local_timestamp('payouts.arrival_at', 'run_settings.reporting_time_zone')
        ) }} as period
    from payouts
    inner join currencies_of_payouts
        on payouts.payout_id = currencies_of_payouts.payout_id
    cross join run_settings
    where
        payouts.is_live
        and not payouts.is_deleted
        and payouts.arrival_at is not null
        and coalesce(payouts.payout_status, 'paid') in ('paid', 'in_transit', 'pending')
        -- One that is still to arrive is compared when it has.
        and {{ month_of(
            local_timestamp('payouts.arrival_at', 'run_settings.reporting_time_zone')
        ) }} <= {{ month_of('run_settings.as_of_date') }}

),

payout_amounts as (

    select
        'payouts_equal_their_transactions' as control,
        period,
        currency_code,
        'expected' as side,
        payout_id as match_key,
        'billing.payout ' || payout_id as row_label,
        amount_minor as minor,
        minor_unit_digits
    from dated_payouts

),

payout_movements as (

    select
        'payouts_equal_their_transactions' as control,
        dated_payouts.period,
        paid_out.currency_code,
        'actual' as side,
        paid_out.payout_id as match_key,
        'billing.balance_transaction '
        || paid_out.balance_transaction_id as row_label,
        paid_out.net_minor as minor,
        paid_out.minor_unit_digits
    from paid_out
    inner join dated_payouts
        on paid_out.payout_id = dated_payouts.payout_id

),

has_payouts as (

    select max(1) as one
    from payouts
    having count(*) > 0

),

-- The movement by which a payout leaves the balance; where the table of payouts is
-- there, none may be missing.
payouts_taken_away as (

    select
        'payouts_equal_their_transactions' as control,
        coalesce(dated_payouts.period, processor_movements.month) as period,
        processor_movements.currency_code,
        'actual' as side,
        processor_movements.source_id || ' taken away' as match_key,
        'billing.balance_transaction '
        || processor_movements.balance_transaction_id as row_label,
        -processor_movements.net_minor as minor,
        processor_movements.minor_unit_digits
    from processor_movements
    cross join has_payouts
    left join dated_payouts
        on processor_movements.source_id = dated_payouts.payout_id
    left join payouts
        on processor_movements.source_id = payouts.payout_id
    where
        processor_movements.balance_transaction_type = 'payout'
        -- One that is not compared itself (still to arrive, failed) is not here either.
        and (dated_payouts.payout_id is not null or payouts.payout_id is null)

),

payouts_to_take_away as (

    select
        payout_amounts.control,
        payout_amounts.period,
        payout_amounts.currency_code,
        payout_amounts.side,
        payouts_taken_away.match_key,
        payout_amounts.row_label,
        payout_amounts.minor,
        payout_amounts.minor_unit_digits
    from payout_amounts
    inner join payouts_taken_away
        on payout_amounts.match_key || ' taken away' = payouts_taken_away.match_key

),

has_charges as (

    select max(1) as one
    from charges
    having count(*) > 0

),

-- What the processor converts moves its balance by another amount. The table of charges
-- may be absent; where it is there, no charge may be missing.
charged as (

    select
        processor_movements.balance_transaction_id,
        processor_movements.source_id,
        processor_movements.month,
        processor_movements.currency_code,
        processor_movements.minor_unit_digits,
        processor_movements.amount_minor as moved_minor,
        charges.charge_id,
        case
            when coalesce(charges.charge_status = 'succeeded', charges.is_paid, false)
                then charges.amount_minor
            else 0
        end as charged_minor
    from processor_movements
    cross join has_charges
    left join charges
        on processor_movements.source_id = charges.charge_id
    where
        processor_movements.balance_transaction_type in ('charge', 'payment')
        and coalesce(
            charges.currency_code = processor_movements.currency_code, true
        )
        and coalesce(charges.is_captured, true)

),

charge_amounts as (

    select
        'charges_equal_their_transactions' as control,
        month as period,
        currency_code,
        'expected' as side,
        source_id as match_key,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        moved_minor as minor,
        minor_unit_digits
    from charged

),

charges_moved as (

    select
        'charges_equal_their_transactions' as control,
        month as period,
        currency_code,
        'actual' as side,
        source_id as match_key,
        'billing.charge ' || charge_id as row_label,
        charged_minor as minor,
        minor_unit_digits
    from charged
    where charge_id is not null

),

movements_in_full as (

    select
        'movements_are_amount_less_fee' as control,
        month as period,
        currency_code,
        'expected' as side,
        balance_transaction_id as match_key,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        amount_minor - fee_minor as minor,
        minor_unit_digits
    from processor_movements

),

movements_net as (

    select
        'movements_are_amount_less_fee' as control,
        month as period,
        currency_code,
        'actual' as side,
        balance_transaction_id as match_key,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        net_minor as minor,
        minor_unit_digits
    from processor_movements

),

-- Only movements whose fees are itemised: the table of fees may be absent.
itemised_fees as (

    select
        movements.balance_transaction_id,
        movements.currency_code,
        movements.minor_unit_digits,
        movements.month,
        movements.fee_minor as stated_minor,
        fees.fee_number,
        fees.amount_minor
    from fees
    inner join processor_movements as movements
        on fees.balance_transaction_id = movements.balance_transaction_id
    where
        fees.is_live
        and not fees.is_deleted

),

fee_totals as (

    select distinct
        'fees_equal_their_transactions' as control,
        month as period,
        currency_code,
        'expected' as side,
        balance_transaction_id as match_key,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        stated_minor as minor,
        minor_unit_digits
    from itemised_fees

),

fee_parts as (

    select
        'fees_equal_their_transactions' as control,
        month as period,
        currency_code,
        'actual' as side,
        balance_transaction_id as match_key,
        'billing.fee '
        || balance_transaction_id
        || '/'
        || cast(fee_number as string) as row_label,
        amount_minor as minor,
        minor_unit_digits
    from itemised_fees

),

unioned as (

    select * from invoice_subtotals
    union all
    select * from invoice_lines
    union all
    select * from invoice_totals
    union all
    select * from invoice_slices
    union all
    select * from payout_amounts
    union all
    select * from payout_movements
    union all
    select * from payouts_to_take_away
    union all
    select * from payouts_taken_away
    union all
    select * from charge_amounts
    union all
    select * from charges_moved
    union all
    select * from movements_in_full
    union all
    select * from movements_net
    union all
    select * from fee_totals
    union all
    select * from fee_parts

),

final as (

    select
        control,
        period,
        'all' as dimension,
        currency_code,
        side,
        match_key,
        match_key as document_id,
        row_label,
        {{ minor_to_amount('minor', 'minor_unit_digits') }} as amount
    from unioned

)

select * from final
