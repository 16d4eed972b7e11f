-- The revenue of the gross margin is the revenue of the accounts, and its cost of
-- revenue that of the accounts and of the lines.
-- A returned row shows by how much one is off.
with

margins as (

    select * from {{ ref('fct_gross_margin_by_month') }}

),

amounts as (

    select
        month,
        'revenue of fct_revenue_by_account_month' as measure,
        net_revenue_reporting_amount as expected_amount,
        0 as actual_amount
    from {{ ref('fct_revenue_by_account_month') }}
    union all
    select
        month,
        'revenue of fct_revenue_by_account_month' as measure,
        0 as expected_amount,
        total_revenue_amount as actual_amount
    from margins
    {%- for costs in [
        'fct_cost_of_revenue_by_account_month', 'fct_cost_of_revenue_lines_by_month'
    ] %}
    union all
    select
        month,
        'cost of {{ costs }}' as measure,
        amount as expected_amount,
        0 as actual_amount
    from {{ ref(costs) }}
    union all
    select
        month,
        'cost of {{ costs }}' as measure,
        0 as expected_amount,
        cost_of_revenue_amount as actual_amount
    from margins
    {%- endfor %}

)

select
    month,
    measure,
    sum(expected_amount) as expected_amount,
    sum(actual_amount) as actual_amount,
    sum(actual_amount) - sum(expected_amount) as difference
from amounts
group by month, measure
having sum(actual_amount) <> sum(expected_amount)
