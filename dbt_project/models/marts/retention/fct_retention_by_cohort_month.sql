-- Grain: one row per cohort month and months since, up to the month of the as-of.
-- A cell that is not reached yet is absent, a cohort that has died is a row with 0.
-- Definitions 4.
with

account_months as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

months as (

    select * from {{ ref('dim_months') }}

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

cells as (

    select
        cohorts.cohort_month,
        months.month,
        cohorts.cohort_accounts,
        coalesce(retained.retained_accounts, 0) as retained_accounts,
        cohorts.cohort_mrr_amount,
        coalesce(retained.retained_mrr_amount, 0) as retained_mrr_amount,
        coalesce(retained.gross_retained_mrr_amount, 0) as gross_retained_mrr_amount,
        -- Margin is MRR less allocated cost of revenue, which is not modelled yet.
        cast(null as decimal(18, 4)) as margin_amount,
        months.is_complete_month
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month
    left join retained
        on
            cohorts.cohort_month = retained.cohort_month
            and months.month = retained.month

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
