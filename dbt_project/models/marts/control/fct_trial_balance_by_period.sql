-- Grain: one row per account of the ledger with postings and month.
with

trial_balances as (

    select * from {{ ref('int_trial_balances_by_account_month') }}

),

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

accounting_periods as (

    select * from {{ ref('int_accounting_periods_grouped_by_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        trial_balances.account_id,
        trial_balances.month,
        accounts.account_number,
        accounts.account_full_name as account_name,
        accounts.account_type,
        accounts.account_role,
        accounts.revenue_stream,
        run_settings.reporting_currency_code as currency_code,
        trial_balances.opening_balance_amount,
        trial_balances.debit_amount,
        trial_balances.credit_amount,
        trial_balances.closing_balance_amount,
        accounting_periods.is_closed_period
    from trial_balances
    cross join run_settings
    left join accounts
        on trial_balances.account_id = accounts.account_id
    left join accounting_periods
        on trial_balances.month = accounting_periods.month

)

select * from final
