-- Grain: one row per transaction currency and day: units of the reporting currency for
-- one unit of it.
-- The ledger may name currencies by ISO code or by the id of its own currency table.
with

exchange_rates as (

    select * from {{ ref('stg_ledger__exchange_rates') }}

),

ledger_currencies as (

    select * from {{ ref('stg_ledger__currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

named as (

    select
        coalesce(
            base_currencies.currency_code, upper(exchange_rates.base_currency)
        ) as base_currency_code,
        coalesce(
            transaction_currencies.currency_code,
            upper(exchange_rates.transaction_currency)
        ) as currency_code,
        exchange_rates.effective_date,
        exchange_rates.exchange_rate
    from exchange_rates
    left join ledger_currencies as base_currencies
        on exchange_rates.base_currency = base_currencies.currency_id
    left join ledger_currencies as transaction_currencies
        on exchange_rates.transaction_currency = transaction_currencies.currency_id

),

final as (

    select
        named.currency_code,
        named.effective_date,
        named.exchange_rate
    from named
    inner join run_settings
        on named.base_currency_code = run_settings.reporting_currency_code
    where named.currency_code <> run_settings.reporting_currency_code

)

select * from final
