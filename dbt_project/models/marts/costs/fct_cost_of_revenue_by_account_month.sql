-- Grain: one row per account, bucket and month with a cost of revenue; the account
-- 'unallocated' has what no driver leads to an account.
with

costs as (

    select * from {{ ref('int_costs_by_account_month') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

summed as (

    select
        costs.account_id,
        costs.bucket,
        costs.month,
        sum(costs.amount_minor) as amount_minor
    from costs
    cross join run_settings
    where
        costs.followed_bucket <> 'customer_success'
        or run_settings.is_customer_success_in_cor
    group by costs.account_id, costs.bucket, costs.month
    having sum(costs.amount_minor) <> 0

),

final as (

    select
        summed.account_id,
        summed.bucket,
        summed.month,
        {{ minor_to_amount('summed.amount_minor', 'currencies.minor_unit_digits') }}
            as amount
    from summed
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code

)

select * from final
