-- Grain: one row per invoice of the cloud bill, month of the charge, provider,
-- environment and currency.
-- The environment is that of the tag; no tag or an unknown one is untagged. Months are
-- those of the reporting time zone. Costs in the reporting currency are at the rate of
-- the month, the latest up to its end; NULL where no rate is young enough.
with

cloud_costs as (

    select * from {{ ref('stg_ledger__cloud_costs') }}

),

environments as (

    select * from {{ ref('int_cost_mappings_overridden') }}
    where mapping = 'environment'

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

charges as (

    select
        coalesce(cloud_costs.invoice_id, '') as invoice_id,
        {{ month_of(
            local_timestamp(
                'cloud_costs.charge_period_start_at', 'run_settings.reporting_time_zone'
            )
        ) }} as month,
        coalesce(cloud_costs.provider, 'unknown') as provider,
        coalesce(environments.target, 'untagged') as environment,
        coalesce(cloud_costs.currency_code, run_settings.reporting_currency_code)
            as currency_code,
        coalesce(cloud_costs.effective_cost, 0) as effective_cost,
        coalesce(cloud_costs.billed_cost, 0) as billed_cost
    from cloud_costs
    cross join run_settings
    left join environments
        on cloud_costs.environment_tag = environments.value
    where cloud_costs.charge_period_start_at is not null

),

summed as (

    select
        invoice_id,
        month,
        provider,
        environment,
        currency_code,
        cast(sum(effective_cost) as decimal(38, 18)) as effective_cost_in_currency,
        cast(sum(billed_cost) as decimal(38, 18)) as billed_cost_in_currency
    from charges
    group by invoice_id, month, provider, environment, currency_code

),

foreign_months as (

    select distinct
        summed.currency_code,
        summed.month,
        least(
            {{ add_days(add_months('summed.month', 1), -1) }}, run_settings.as_of_date
        ) as rate_date
    from summed
    cross join run_settings
    where summed.currency_code <> run_settings.reporting_currency_code

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
        summed.invoice_id,
        summed.month,
        summed.provider,
        summed.environment,
        summed.currency_code,
        summed.effective_cost_in_currency,
        summed.billed_cost_in_currency,
        case
            when summed.currency_code = run_settings.reporting_currency_code
                then summed.effective_cost_in_currency
            else {{ convert_cost(
                'summed.effective_cost_in_currency', 'numbered_rates.exchange_rate'
            ) }}
        end as effective_cost,
        case
            when summed.currency_code = run_settings.reporting_currency_code
                then summed.billed_cost_in_currency
            else {{ convert_cost(
                'summed.billed_cost_in_currency', 'numbered_rates.exchange_rate'
            ) }}
        end as billed_cost
    from summed
    cross join run_settings
    left join numbered_rates
        on
            summed.currency_code = numbered_rates.currency_code
            and summed.month = numbered_rates.month
            and numbered_rates.rate_number = 1

)

select * from final
