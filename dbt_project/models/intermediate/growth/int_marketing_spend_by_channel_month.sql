-- Grain: one row per acquisition channel, month and currency in which marketing spent
-- something, as recorded in the CRM.
-- The channel is that of policy segment_mappings, 'unknown' where it names none. In the
-- reporting currency at the rate of the month, the latest up to its end; NULL where
-- none is young enough.
with

spends as (

    select * from {{ ref('stg_crm__marketing_spends') }}

),

channels as (

    select * from {{ ref('int_segment_mappings_overridden') }}
    where mapping = 'spend_channel'

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

summed as (

    select
        coalesce(channels.target, 'unknown') as channel,
        {{ month_of('spends.spent_on') }} as month,
        coalesce(spends.currency_code, run_settings.crm_currency_code)
            as currency_code,
        sum(spends.amount_in_currency) as amount_in_currency
    from spends
    cross join run_settings
    left join channels
        on lower(trim(spends.spend_channel)) = channels.value
    where
        spends.spent_on <= run_settings.as_of_date
        and spends.amount_in_currency is not null
    group by
        coalesce(channels.target, 'unknown'),
        {{ month_of('spends.spent_on') }},
        coalesce(spends.currency_code, run_settings.crm_currency_code)

),

rounded as (

    select
        channel,
        month,
        currency_code,
        cast(round(amount_in_currency, 4) as decimal(18, 4)) as amount_in_currency
    from summed

),

foreign_months as (

    select distinct
        rounded.currency_code,
        rounded.month,
        least(
            {{ add_days(add_months('rounded.month', 1), -1) }}, run_settings.as_of_date
        ) as rate_date
    from rounded
    cross join run_settings
    where rounded.currency_code <> run_settings.reporting_currency_code

),

numbered_rates as (

    select
        foreign_months.currency_code,
        foreign_months.month,
        exchange_rates.exchange_rate,
        row_number() over (
            partition by foreign_months.currency_code, foreign_months.month
            order by exchange_rates.effective_date desc
        ) as rate_number
    from foreign_months
    cross join run_settings
    inner join exchange_rates
        on
            foreign_months.currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= foreign_months.rate_date
            and exchange_rates.effective_date >= {{ add_days(
                'foreign_months.rate_date', '-run_settings.fx_rate_max_age_days'
            ) }}

),

final as (

    select
        rounded.channel,
        rounded.month,
        rounded.currency_code,
        rounded.amount_in_currency,
        case
            when rounded.currency_code = run_settings.reporting_currency_code
                then rounded.amount_in_currency
            else {{ convert_mrr(
                'rounded.amount_in_currency', 'numbered_rates.exchange_rate'
            ) }}
        end as amount
    from rounded
    cross join run_settings
    left join numbered_rates
        on
            rounded.currency_code = numbered_rates.currency_code
            and rounded.month = numbered_rates.month
            and numbered_rates.rate_number = 1

)

select * from final
