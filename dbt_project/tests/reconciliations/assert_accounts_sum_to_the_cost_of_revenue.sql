-- The accounts and what is unallocated sum to the cost of revenue, bucket by bucket:
-- what was posted to the bucket, and for overhead what follows those buckets.
-- A returned row shows by how much they are off.
with

account_costs as (

    select * from {{ ref('fct_cost_of_revenue_by_account_month') }}

),

operating_costs as (

    select * from {{ ref('int_operating_costs_by_month') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

buckets as (

    {%- for bucket in direct_buckets().split() %}
    select '{{ bucket }}' as bucket
    union all
    {%- endfor %}
    select 'customer_success' as bucket
    from run_settings
    where is_customer_success_in_cor

),

cost_of_revenue as (

    select
        operating_costs.month,
        operating_costs.bucket,
        operating_costs.posted_minor,
        operating_costs.overhead_minor,
        currencies.minor_unit_digits
    from operating_costs
    inner join buckets
        on operating_costs.bucket = buckets.bucket
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code

),

amounts as (

    select
        month,
        bucket,
        {{ minor_to_amount('posted_minor', 'minor_unit_digits') }} as expected_amount,
        0 as actual_amount
    from cost_of_revenue
    union all
    select
        month,
        'overhead' as bucket,
        {{ minor_to_amount('overhead_minor', 'minor_unit_digits') }} as expected_amount,
        0 as actual_amount
    from cost_of_revenue
    union all
    select
        month,
        bucket,
        0 as expected_amount,
        amount as actual_amount
    from account_costs

)

select
    month,
    bucket,
    sum(expected_amount) as expected_amount,
    sum(actual_amount) as actual_amount,
    sum(actual_amount) - sum(expected_amount) as difference
from amounts
group by month, bucket
having sum(actual_amount) <> sum(expected_amount)
