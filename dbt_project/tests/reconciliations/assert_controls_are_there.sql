-- A control that has no row compares nothing. Once an invoice was billed in a month
-- that is over (with an amount, where amounts are compared: a free trial has none), and
-- once the ledger has a line or an expense, these must stand in some month; and so must
-- assets once one of a month that is over is in the register, and the cloud bill once
-- it has an invoice of such a month.
with

controls as (

    select distinct control from {{ ref('fct_controls_by_period') }}

),

invoices as (

    select
        count(*) as invoice_count,
        count(case when invoices.total_minor <> 0 then 1 end) as owed_count,
        count(
            case
                when invoices.net_minor <> 0 or invoices.line_net_minor <> 0 then 1
            end
        ) as earned_count
    from {{ ref('int_invoices_billed') }} as invoices
    inner join {{ ref('int_months') }} as months
        on months.month = {{ month_of('invoices.billed_on') }}
    where months.is_complete_month

),

ledger_lines as (

    select count(*) as line_count from {{ ref('int_ledger_lines') }}

),

expenses as (

    select count(*) as line_count from {{ ref('int_cost_lines') }}

),

assets as (

    select count(*) as asset_month_count
    from {{ ref('int_asset_amortization_by_month') }} as asset_months
    cross join {{ ref('int_run_settings') }} as run_settings
    where
        asset_months.month < {{ month_of('run_settings.as_of_date') }}
        and asset_months.cost_minor <> 0

),

bills as (

    select
        document_id,
        min(month) as month
    from {{ ref('int_ledger_lines') }}
    group by document_id

),

cloud_invoices as (

    select count(*) as invoice_count
    from {{ ref('int_cloud_costs_by_invoice_month') }} as invoices
    cross join {{ ref('int_run_settings') }} as run_settings
    left join bills
        on invoices.invoice_id = bills.document_id
    where
        invoices.invoice_id <> ''
        and coalesce(bills.month, invoices.month)
        < {{ month_of('run_settings.as_of_date') }}

),

needed as (

    select 'receivables' as control
    from invoices
    where owed_count > 0
    union all
    select 'revenue_slices_sum_to_invoices' as control
    from invoices
    where invoice_count > 0
    union all
    select 'deferred_revenue_roll_forward' as control
    from invoices
    where earned_count > 0
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
    union all
    select 'expenses_by_account' as control
    from expenses
    where line_count > 0
    union all
    select 'fixed_assets' as control
    from assets
    where asset_month_count > 0
    union all
    select 'cloud_bill' as control
    from cloud_invoices
    where invoice_count > 0

)

select
    needed.control,
    'This control has no row, although it has something to compare.' as reason
from needed
left join controls
    on needed.control = controls.control
where controls.control is null
