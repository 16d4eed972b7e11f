-- Grain: one row per calendar month of the reporting time zone, from that in which the
-- first deal entered a stage to that of the as-of.
-- A pipeline may be older than billing. The rate is of the currency in which the CRM
-- keeps deals, the latest up to the month's last day; NULL where none is young enough.
with

deal_stages as (

    select * from {{ ref('int_deal_stages_dated') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

bounds as (

    select
        min(
            {{ month_of(
                local_timestamp(
                    'deal_stages.valid_from_at', 'run_settings.reporting_time_zone'
                )
            ) }}
        ) as first_month,
        min({{ month_of('run_settings.as_of_date') }}) as last_month
    from deal_stages
    cross join run_settings

),

series as (

    select {{ month_series('first_month', 'last_month') }} as month_start
    from bounds

),

months as (

    select
        cast(series.month_start as date) as month,
        {{ utc_timestamp(
            'cast(series.month_start as date)', 'run_settings.reporting_time_zone'
        ) }} as month_start_at,
        {{ utc_timestamp(
            add_months('cast(series.month_start as date)', 1),
            'run_settings.reporting_time_zone'
        ) }} as next_month_at,
        least(
            {{ add_days(add_months('cast(series.month_start as date)', 1), -1) }},
            run_settings.as_of_date
        ) as rate_date,
        run_settings.as_of_at,
        run_settings.crm_currency_code,
        run_settings.reporting_currency_code,
        run_settings.fx_rate_max_age_days
    from series
    cross join run_settings

),

numbered_rates as (

    select
        months.month,
        exchange_rates.exchange_rate,
        row_number() over (
            partition by months.month
            order by exchange_rates.effective_date desc
        ) as rate_number
    from months
    inner join exchange_rates
        on
            months.crm_currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= months.rate_date
            and exchange_rates.effective_date
            >= {{ add_days('months.rate_date', '-months.fx_rate_max_age_days') }}

),

final as (

    select
        months.month,
        months.month_start_at,
        -- The month of the as-of ends there.
        least(months.next_month_at, months.as_of_at) as month_end_at,
        months.as_of_at >= months.next_month_at as is_complete_month,
        months.rate_date,
        months.crm_currency_code,
        case
            when months.crm_currency_code = months.reporting_currency_code
                then cast(1 as decimal(30, 18))
            else numbered_rates.exchange_rate
        end as exchange_rate
    from months
    left join numbered_rates
        on
            months.month = numbered_rates.month
            and numbered_rates.rate_number = 1

)

select * from final
