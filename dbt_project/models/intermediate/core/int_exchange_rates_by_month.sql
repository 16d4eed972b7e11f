-- Grain: one row per currency of a price, or of a movement at the payment processor,
-- and month; no row where no rate is young enough.
-- The rate of a month is the latest on or before its last day, at most
-- fx_rate_max_age_days old.
with

months as (

    select * from {{ ref('int_months') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

balance_transactions as (

    select * from {{ ref('stg_billing__balance_transactions') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select currency_code from prices
    union
    select currency_code from balance_transactions

),

latest_dates as (

    select
        months.month,
        currencies.currency_code,
        max(exchange_rates.effective_date) as effective_date
    from months
    cross join currencies
    cross join run_settings
    inner join exchange_rates
        on
            currencies.currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= months.rate_date
            and exchange_rates.effective_date
            >= {{ add_days('months.rate_date', '-run_settings.fx_rate_max_age_days') }}
    group by months.month, currencies.currency_code

),

foreign_rates as (

    select
        latest_dates.month,
        latest_dates.currency_code,
        latest_dates.effective_date,
        exchange_rates.exchange_rate
    from latest_dates
    inner join exchange_rates
        on
            latest_dates.currency_code = exchange_rates.currency_code
            and latest_dates.effective_date = exchange_rates.effective_date

),

reporting_rates as (

    select
        months.month,
        run_settings.reporting_currency_code as currency_code,
        months.rate_date as effective_date,
        cast(1 as decimal(30, 18)) as exchange_rate
    from months
    cross join run_settings

),

final as (

    select
        month,
        currency_code,
        effective_date,
        exchange_rate
    from foreign_rates
    union all
    select
        month,
        currency_code,
        effective_date,
        exchange_rate
    from reporting_rates

)

select * from final
