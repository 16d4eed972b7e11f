-- Over the channels of a month, what accounts cost to win and how many were won are
-- those of fct_unit_economics_by_month.
with

channel_costs as (

    select
        month,
        sum(acquisition_cost_amount) as acquisition_cost_amount,
        sum(new_accounts) as new_accounts
    from {{ ref('fct_acquisition_costs_by_channel_month') }}
    group by month

),

unit_economics as (

    select
        month,
        acquisition_cost_amount,
        new_accounts
    from {{ ref('fct_unit_economics_by_month') }}

),

-- Where no channel is known there is nothing at all.
evidence as (

    select count(*) as month_count from channel_costs

)

select
    unit_economics.month,
    unit_economics.acquisition_cost_amount as expected_amount,
    channel_costs.acquisition_cost_amount as actual_amount,
    unit_economics.new_accounts as expected_accounts,
    coalesce(channel_costs.new_accounts, 0) as actual_accounts
from unit_economics
cross join evidence
left join channel_costs
    on unit_economics.month = channel_costs.month
where
    evidence.month_count > 0
    and (
        unit_economics.acquisition_cost_amount
        is distinct from channel_costs.acquisition_cost_amount
        or unit_economics.new_accounts <> coalesce(channel_costs.new_accounts, 0)
    )
