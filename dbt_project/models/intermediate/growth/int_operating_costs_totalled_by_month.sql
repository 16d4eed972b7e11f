-- Grain: one row per month with costs of operations in the ledger.
-- Sales and marketing with the overhead that they bear; all costs of operations alike,
-- whichever side of gross margin a policy puts them on. Interest, exchange differences
-- and taxes on income are none.
with

operating_costs as (

    select * from {{ ref('int_operating_costs_by_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

summed as (

    select
        month,
        sum(
            case when bucket = 'sales' then posted_minor + overhead_minor else 0 end
        ) as sales_minor,
        sum(
            case when bucket = 'marketing' then posted_minor + overhead_minor else 0 end
        ) as marketing_minor,
        sum(posted_minor + overhead_minor) as operating_cost_minor
    from operating_costs
    where
        bucket <> 'non_operating'
        and (posted_minor <> 0 or overhead_minor <> 0)
    group by month

),

final as (

    select
        summed.month,
        {{ minor_to_amount('summed.sales_minor', 'currencies.minor_unit_digits') }}
            as sales_amount,
        {{ minor_to_amount('summed.marketing_minor', 'currencies.minor_unit_digits') }}
            as marketing_amount,
        {{ minor_to_amount(
            'summed.operating_cost_minor', 'currencies.minor_unit_digits'
        ) }} as operating_cost_amount
    from summed
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code

)

select * from final
