-- Grain: one row per control and posting line: what the ledger says, the actual side of
-- the controls of the subledgers.
-- Each amount has the sign of its subledger: revenue, deferred revenue and taxes are
-- positive as credits, all else as debits.
with

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

balance_transactions as (

    select * from {{ ref('stg_billing__balance_transactions') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

processor_currencies as (

    select distinct currency_code
    from balance_transactions
    where
        is_live
        and not is_deleted

),

valued as (

    select
        lines.transaction_id,
        lines.transaction_line_id,
        lines.month,
        lines.account_role,
        lines.revenue_stream,
        lines.customer_id,
        lines.document_id,
        lines.is_closing_entry,
        lines.touches_cash,
        lines.touches_clearing,
        lines.amount,
        lines.amount_in_currency,
        lines.currency_code,
        run_settings.reporting_currency_code,
        -- The processor converts what it holds no balance in.
        case
            when processor_currencies.currency_code is null
                then run_settings.reporting_currency_code
            else lines.currency_code
        end as processor_currency_code,
        case
            when processor_currencies.currency_code is null then lines.amount
            else lines.amount_in_currency
        end as processor_amount
    from lines
    cross join run_settings
    left join processor_currencies
        on lines.currency_code = processor_currencies.currency_code

),

revenue as (

    select
        'revenue_by_stream' as control,
        month as period,
        coalesce(revenue_stream, 'all') as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        -amount_in_currency as amount
    from valued
    where
        account_role = 'revenue'
        and not is_closing_entry

),

revenue_in_reporting_currency as (

    select
        'revenue_by_stream_in_reporting_currency' as control,
        month as period,
        coalesce(revenue_stream, 'all') as dimension,
        reporting_currency_code as currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        -amount as amount
    from valued
    where
        account_role = 'revenue'
        and not is_closing_entry

),

contra_revenue as (

    select
        'contra_revenue' as control,
        month as period,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        amount_in_currency as amount
    from valued
    where
        account_role = 'contra_revenue'
        and not is_closing_entry

),

deferred_revenue as (

    select
        'deferred_revenue' as control,
        month as period,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        -amount_in_currency as amount
    from valued
    where account_role = 'deferred_revenue'

),

deferred_revenue_in_reporting_currency as (

    select
        'deferred_revenue_in_reporting_currency' as control,
        month as period,
        'all' as dimension,
        reporting_currency_code as currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        -amount as amount
    from valued
    where account_role = 'deferred_revenue'

),

contract_assets as (

    select
        'contract_assets' as control,
        month as period,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        amount_in_currency as amount
    from valued
    where account_role = 'contract_asset'

),

receivables as (

    select
        'receivables' as control,
        month as period,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        amount_in_currency as amount
    from valued
    where account_role = 'receivable'

),

-- What is paid on to the authorities leaves through cash.
taxes as (

    select
        'taxes_passed_through' as control,
        month as period,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        -amount_in_currency as amount
    from valued
    where
        account_role = 'tax_payable'
        and not touches_cash

),

bad_debt as (

    select
        'bad_debt' as control,
        month as period,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        amount_in_currency as amount
    from valued
    where
        account_role = 'bad_debt'
        and not is_closing_entry

),

clearing as (

    select
        'processor_clearing' as control,
        month as period,
        'all' as dimension,
        processor_currency_code as currency_code,
        document_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        processor_amount as amount
    from valued
    where account_role = 'clearing'

),

fees as (

    select
        'processor_fees' as control,
        month as period,
        'all' as dimension,
        processor_currency_code as currency_code,
        document_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        processor_amount as amount
    from valued
    where
        account_role = 'processor_fees'
        and not is_closing_entry

),

payouts as (

    select
        'payouts_to_cash' as control,
        month as period,
        'all' as dimension,
        processor_currency_code as currency_code,
        document_id as match_key,
        document_id,
        transaction_id,
        transaction_line_id,
        processor_amount as amount
    from valued
    where
        account_role = 'cash'
        and touches_clearing

),

unioned as (

    select * from revenue
    union all
    select * from revenue_in_reporting_currency
    union all
    select * from contra_revenue
    union all
    select * from deferred_revenue
    union all
    select * from deferred_revenue_in_reporting_currency
    union all
    select * from contract_assets
    union all
    select * from receivables
    union all
    select * from taxes
    union all
    select * from bad_debt
    union all
    select * from clearing
    union all
    select * from fees
    union all
    select * from payouts

),

final as (

    select
        control,
        period,
        dimension,
        currency_code,
        'actual' as side,
        match_key,
        document_id,
        'ledger.transactionline '
        || transaction_id
        || '/'
        || transaction_line_id as row_label,
        cast(amount as decimal(24, 4)) as amount
    from unioned
    where amount <> 0

)

select * from final
