-- Grain: one row per movement of the balance at the payment processor.
-- net = amount - fee moves the balance, in whole minor units of its currency; a payout
-- takes it to the bank.
with

balance_transactions as (

    select * from {{ ref('stg_billing__balance_transactions') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

dated as (

    select
        balance_transactions.balance_transaction_id,
        balance_transactions.source_id,
        balance_transactions.payout_id,
        balance_transactions.balance_transaction_type,
        balance_transactions.currency_code,
        currencies.minor_unit_digits,
        {{ local_day(
            'balance_transactions.created_at', 'run_settings.reporting_time_zone'
        ) }} as moved_on,
        balance_transactions.amount_minor,
        coalesce(balance_transactions.fee_minor, 0) as fee_minor,
        coalesce(
            balance_transactions.net_minor,
            balance_transactions.amount_minor
            - coalesce(balance_transactions.fee_minor, 0)
        ) as net_minor
    from balance_transactions
    left join currencies
        on balance_transactions.currency_code = currencies.currency_code
    cross join run_settings
    where
        balance_transactions.is_live
        and not balance_transactions.is_deleted
        and {{ is_known_by_the_as_of('balance_transactions.created_at') }}

),

final as (

    select
        balance_transaction_id,
        source_id,
        payout_id,
        balance_transaction_type,
        coalesce(
            balance_transaction_type in ('payout', 'payout_cancel', 'payout_failure'),
            false
        ) as is_payout,
        currency_code,
        minor_unit_digits,
        moved_on,
        {{ month_of('moved_on') }} as month,
        amount_minor,
        fee_minor,
        net_minor
    from dated

)

select * from final
