-- A control that has no row compares nothing. Once an invoice was billed in a month
-- that is over, and once the ledger has a line, these must stand in some month.
with

controls as (

    select distinct control from {{ ref('fct_controls_by_period') }}

),

invoices as (

    select count(*) as invoice_count
    from {{ ref('int_invoices_billed') }} as invoices
    inner join {{ ref('int_months') }} as months
        on months.month = {{ month_of('invoices.billed_on') }}
    where months.is_complete_month

),

ledger_lines as (

    select count(*) as line_count from {{ ref('int_ledger_lines') }}

),

needed as (

    select 'receivables' as control
    from invoices
    where invoice_count > 0
    union all
    select 'revenue_slices_sum_to_invoices' as control
    from invoices
    where invoice_count > 0
    union all
    select 'deferred_revenue_roll_forward' as control
    from invoices
    where invoice_count > 0
    union all
    select 'ledger_entries_balance' as control
    from ledger_lines
    where line_count > 0
    union all
    select 'trial_balance_in_total' as control
    from ledger_lines
    where line_count > 0
    union all
    select 'ledger_accounts_are_known' as control
    from ledger_lines
    where line_count > 0
    union all
    select 'ledger_periods_are_known' as control
    from ledger_lines
    where line_count > 0

)

select
    needed.control,
    'This control has no row, although it has something to compare.' as reason
from needed
left join controls
    on needed.control = controls.control
where controls.control is null
