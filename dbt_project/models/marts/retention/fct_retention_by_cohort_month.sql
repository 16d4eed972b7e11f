-- Grain: one row per cohort month and months since, up to the month of the as-of.
-- A cell that is not reached yet is absent, a cohort that has died is a row with 0.
-- Margin is retained MRR less the cost of revenue of all accounts of the cohort, those
-- that left included. Definitions 4.
with

account_months as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

costs as (

    select * from {{ ref('fct_cost_of_revenue_by_account_month') }}

),

cohorts as (

    select
        cohort_month,
        count(*) as cohort_accounts,
        sum(initial_mrr_amount) as cohort_mrr_amount
    from account_months
    where month = cohort_month
    group by cohort_month

),

retained as (

    select
        cohort_month,
        month,
        count(*) as retained_accounts,
        sum(closing_mrr_amount) as retained_mrr_amount,
        sum(least(closing_mrr_amount, initial_mrr_amount)) as gross_retained_mrr_amount
    from account_months
    where closing_mrr_amount > 0
    group by cohort_month, month

),

months_with_costs as (

    select distinct month from costs

),

cohort_costs as (

    select
        accounts.cohort_month,
        costs.month,
        sum(costs.amount) as cost_amount
    from costs
    inner join accounts
        on costs.account_id = accounts.account_id
    where accounts.cohort_month is not null
    group by accounts.cohort_month, costs.month

),

cells as (

    select
        cohorts.cohort_month,
        months.month,
        cohorts.cohort_accounts,
        coalesce(retained.retained_accounts, 0) as retained_accounts,
        cohorts.cohort_mrr_amount,
        coalesce(retained.retained_mrr_amount, 0) as retained_mrr_amount,
        coalesce(retained.gross_retained_mrr_amount, 0) as gross_retained_mrr_amount,
        case
            when months_with_costs.month is not null
                then
                    cast(
                        coalesce(retained.retained_mrr_amount, 0)
                        - coalesce(cohort_costs.cost_amount, 0) as decimal(18, 4)
                    )
        end as margin_amount,
        months.is_complete_month
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month
    left join retained
        on
            cohorts.cohort_month = retained.cohort_month
            and months.month = retained.month
    left join cohort_costs
        on
            cohorts.cohort_month = cohort_costs.cohort_month
            and months.month = cohort_costs.month
    left join months_with_costs
        on months.month = months_with_costs.month

),

final as (

    select
        cohort_month,
        cast({{ months_between_first_days('cohort_month', 'month') }} as integer)
            as months_since,
        month,
        cast(cohort_accounts as integer) as cohort_accounts,
        cast(retained_accounts as integer) as retained_accounts,
        cast(cohort_mrr_amount as decimal(18, 4)) as cohort_mrr_amount,
        cast(retained_mrr_amount as decimal(18, 4)) as retained_mrr_amount,
        cast(gross_retained_mrr_amount as decimal(18, 4)) as gross_retained_mrr_amount,
        margin_amount,
        {{ ratio('retained_accounts', 'cohort_accounts') }} as logo_rate,
        {{ ratio('retained_mrr_amount', 'cohort_mrr_amount') }} as net_revenue_rate,
        {{ ratio('gross_retained_mrr_amount', 'cohort_mrr_amount') }}
            as gross_revenue_rate,
        {{ ratio('margin_amount', 'cohort_mrr_amount') }} as margin_rate,
        is_complete_month
    from cells

)

select * from final
