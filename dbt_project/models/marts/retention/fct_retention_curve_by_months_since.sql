-- Grain: one row per months since the cohort month.
-- All cohorts that have the cell, summed before they are divided: never a mean of
-- percentages. Definitions 4.
with

cells as (

    select * from {{ ref('fct_retention_by_cohort_month') }}

),

sums as (

    select
        months_since,
        count(*) as cohort_count,
        sum(case when is_complete_month then 1 else 0 end) as complete_cohort_count,
        sum(cohort_accounts) as cohort_accounts,
        sum(retained_accounts) as retained_accounts,
        sum(cohort_mrr_amount) as cohort_mrr_amount,
        sum(retained_mrr_amount) as retained_mrr_amount,
        sum(gross_retained_mrr_amount) as gross_retained_mrr_amount,
        sum(margin_amount) as margin_amount,
        -- The base of the margin: cells of which the costs are known.
        sum(case when margin_amount is not null then cohort_mrr_amount end)
            as margin_cohort_mrr_amount
    from cells
    group by months_since

),

final as (

    select
        months_since,
        cast(cohort_count as integer) as cohort_count,
        cast(complete_cohort_count as integer) as complete_cohort_count,
        cast(cohort_accounts as integer) as cohort_accounts,
        cast(retained_accounts as integer) as retained_accounts,
        cast(cohort_mrr_amount as decimal(18, 4)) as cohort_mrr_amount,
        cast(retained_mrr_amount as decimal(18, 4)) as retained_mrr_amount,
        cast(gross_retained_mrr_amount as decimal(18, 4)) as gross_retained_mrr_amount,
        cast(margin_amount as decimal(18, 4)) as margin_amount,
        cast(margin_cohort_mrr_amount as decimal(18, 4)) as margin_cohort_mrr_amount,
        {{ ratio('retained_accounts', 'cohort_accounts') }} as logo_rate,
        {{ ratio('retained_mrr_amount', 'cohort_mrr_amount') }} as net_revenue_rate,
        {{ ratio('gross_retained_mrr_amount', 'cohort_mrr_amount') }}
            as gross_revenue_rate,
        {{ ratio('margin_amount', 'margin_cohort_mrr_amount') }} as margin_rate
    from sums

)

select * from final
