-- Grain: one row per ledger entry that posts, up to the month of the as-of.
-- An entry belongs to the month of its posting period; an adjustment period to the
-- month in which it ends. Where the period is not known, or is a quarter or a year, the
-- day of the entry decides.
with

transactions as (

    select * from {{ ref('stg_ledger__transactions') }}

),

accounting_periods as (

    select * from {{ ref('stg_ledger__accounting_periods') }}

),

ledger_currencies as (

    select * from {{ ref('stg_ledger__currencies') }}

),

entities as (

    select * from {{ ref('stg_ledger__entities') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

-- An export names the reversed entry on the one that reverses it, or the other way
-- round.
reversed_elsewhere as (

    select
        reversal_transaction_id as transaction_id,
        min(external_id) as external_id
    from transactions
    where reversal_transaction_id is not null
    group by reversal_transaction_id

),

described as (

    select
        transactions.transaction_id,
        transactions.transaction_number,
        transactions.transaction_type,
        transactions.transaction_date,
        transactions.accounting_period_id,
        case
            when
                accounting_periods.accounting_period_id is null
                or accounting_periods.is_quarter
                or accounting_periods.is_year
                then {{ month_of('transactions.transaction_date') }}
            when accounting_periods.is_adjustment
                then {{ month_of('accounting_periods.end_date') }}
            else {{ month_of('accounting_periods.start_date') }}
        end as month,
        coalesce(accounting_periods.is_adjustment, false) as is_adjustment,
        accounting_periods.accounting_period_id is not null as is_period_known,
        coalesce(
            not accounting_periods.is_quarter
            and not accounting_periods.is_year
            and transactions.transaction_date >= accounting_periods.start_date
            and transactions.transaction_date <= accounting_periods.end_date,
            false
        ) as is_in_period,
        -- An entry without a currency is of a ledger that has only one.
        coalesce(
            ledger_currencies.currency_code,
            upper(transactions.currency_id),
            run_settings.reporting_currency_code
        ) as currency_code,
        transactions.exchange_rate,
        transactions.entity_id,
        entities.external_id as customer_id,
        transactions.external_id,
        coalesce(
            transactions.external_id,
            reversed_transactions.external_id,
            reversed_elsewhere.external_id
        ) as document_id,
        transactions.memo,
        {{ month_of('run_settings.as_of_date') }} as last_month
    from transactions
    cross join run_settings
    left join accounting_periods
        on
            transactions.accounting_period_id
            = accounting_periods.accounting_period_id
    left join ledger_currencies
        on transactions.currency_id = ledger_currencies.currency_id
    left join entities
        on transactions.entity_id = entities.entity_id
    left join transactions as reversed_transactions
        on
            transactions.reversal_transaction_id
            = reversed_transactions.transaction_id
    left join reversed_elsewhere
        on transactions.transaction_id = reversed_elsewhere.transaction_id
    where transactions.is_posting

),

final as (

    select
        transaction_id,
        transaction_number,
        transaction_type,
        transaction_date,
        accounting_period_id,
        month,
        is_adjustment,
        is_period_known,
        is_in_period,
        currency_code,
        exchange_rate,
        entity_id,
        customer_id,
        external_id,
        document_id,
        memo
    from described
    where month <= last_month

)

select * from final
