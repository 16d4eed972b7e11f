-- Grain: one row per currency and day on which a statement of service begins: the rate
-- of that day; no row where no rate is young enough.
with

service as (

    select * from {{ ref('int_item_service_intervals') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

days as (

    select distinct
        service.currency_code,
        cast(
            {{ local_timestamp(
                'service.statement_start_at', 'run_settings.reporting_time_zone'
            ) }} as date
        ) as statement_date
    from service
    cross join run_settings

),

latest_dates as (

    select
        days.currency_code,
        days.statement_date,
        max(exchange_rates.effective_date) as effective_date
    from days
    cross join run_settings
    inner join exchange_rates
        on
            days.currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= days.statement_date
            and exchange_rates.effective_date
            >= {{ add_days(
                'days.statement_date', '-run_settings.fx_rate_max_age_days'
            ) }}
    group by days.currency_code, days.statement_date

),

final as (

    select
        latest_dates.currency_code,
        latest_dates.statement_date,
        exchange_rates.exchange_rate
    from latest_dates
    inner join exchange_rates
        on
            latest_dates.currency_code = exchange_rates.currency_code
            and latest_dates.effective_date = exchange_rates.effective_date

)

select * from final
