-- Grain: one row per currency of a price: its rate on the first day of the current
-- fiscal year, at which the constant-currency series values every month; no row where
-- no rate is young enough on that day.
with

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select distinct currency_code from prices

),

latest_dates as (

    select
        currencies.currency_code,
        max(exchange_rates.effective_date) as effective_date
    from currencies
    cross join run_settings
    inner join exchange_rates
        on
            currencies.currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= run_settings.fiscal_year_start_date
            and exchange_rates.effective_date
            >= {{ add_days(
                'run_settings.fiscal_year_start_date',
                '-run_settings.fx_rate_max_age_days'
            ) }}
    group by currencies.currency_code

),

final as (

    select
        latest_dates.currency_code,
        latest_dates.effective_date,
        exchange_rates.exchange_rate
    from latest_dates
    inner join exchange_rates
        on
            latest_dates.currency_code = exchange_rates.currency_code
            and latest_dates.effective_date = exchange_rates.effective_date
    union all
    select
        reporting_currency_code as currency_code,
        fiscal_year_start_date as effective_date,
        cast(1 as decimal(30, 18)) as exchange_rate
    from run_settings

)

select * from final
