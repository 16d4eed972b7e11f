-- Grain: one row per cohort quarter and quarters since, up to the quarter of the as-of.
-- A quarter is read at the end of its last month, or of the month of the as-of; the
-- base is what each account began with at the end of its own cohort month.
-- Margin is the retained MRR of that month less its cost of revenue. Definitions 4.
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

quarters as (

    select
        {{ quarter_of('month') }} as quarter,
        max(month) as last_month
    from months
    group by {{ quarter_of('month') }}

),

quarter_ends as (

    select
        quarters.quarter,
        months.month,
        months.is_complete_month
        and months.month = {{ add_months('quarters.quarter', 2) }}
            as is_complete_quarter
    from quarters
    inner join months
        on quarters.last_month = months.month

),

cohorts as (

    select
        {{ quarter_of('cohort_month') }} as cohort_quarter,
        count(*) as cohort_accounts,
        sum(initial_mrr_amount) as cohort_mrr_amount
    from account_months
    where month = cohort_month
    group by {{ quarter_of('cohort_month') }}

),

retained as (

    select
        {{ quarter_of('account_months.cohort_month') }} as cohort_quarter,
        account_months.month,
        count(*) as retained_accounts,
        sum(account_months.closing_mrr_amount) as retained_mrr_amount,
        sum(least(account_months.closing_mrr_amount, account_months.initial_mrr_amount))
            as gross_retained_mrr_amount
    from account_months
    inner join quarter_ends
        on account_months.month = quarter_ends.month
    where account_months.closing_mrr_amount > 0
    group by {{ quarter_of('account_months.cohort_month') }}, account_months.month

),

months_with_costs as (

    select distinct month from costs

),

cohort_costs as (

    select
        {{ quarter_of('accounts.cohort_month') }} as cohort_quarter,
        costs.month,
        sum(costs.amount) as cost_amount
    from costs
    inner join accounts
        on costs.account_id = accounts.account_id
    inner join quarter_ends
        on costs.month = quarter_ends.month
    where accounts.cohort_month is not null
    group by {{ quarter_of('accounts.cohort_month') }}, costs.month

),

cells as (

    select
        cohorts.cohort_quarter,
        quarter_ends.quarter,
        quarter_ends.month,
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
        quarter_ends.is_complete_quarter
    from cohorts
    inner join quarter_ends
        on cohorts.cohort_quarter <= quarter_ends.quarter
    left join retained
        on
            cohorts.cohort_quarter = retained.cohort_quarter
            and quarter_ends.month = retained.month
    left join cohort_costs
        on
            cohorts.cohort_quarter = cohort_costs.cohort_quarter
            and quarter_ends.month = cohort_costs.month
    left join months_with_costs
        on quarter_ends.month = months_with_costs.month

),

final as (

    select
        cohort_quarter,
        cast(
            {{ whole_quotient(
                months_between_first_days('cohort_quarter', 'quarter'), '3'
            ) }} as integer
        ) as quarters_since,
        quarter,
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
        is_complete_quarter
    from cells

)

select * from final
