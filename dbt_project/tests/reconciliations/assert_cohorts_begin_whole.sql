-- In its own month every account and all MRR of a cohort are there. By quarter this
-- does not hold: an account may begin and leave in one quarter.
with

cells as (

    select
        'all' as segment_type,
        'all' as segment,
        cohort_month,
        months_since,
        cohort_accounts,
        retained_accounts,
        cohort_mrr_amount,
        retained_mrr_amount,
        gross_retained_mrr_amount,
        logo_rate,
        net_revenue_rate,
        gross_revenue_rate
    from {{ ref('fct_retention_by_cohort_month') }}
    union all
    select
        segment_type,
        segment,
        cohort_month,
        months_since,
        cohort_accounts,
        retained_accounts,
        cohort_mrr_amount,
        retained_mrr_amount,
        gross_retained_mrr_amount,
        logo_rate,
        net_revenue_rate,
        gross_revenue_rate
    from {{ ref('fct_retention_by_segment_cohort_month') }}

)

select *
from cells
where
    months_since = 0
    and (
        retained_accounts <> cohort_accounts
        or retained_mrr_amount <> cohort_mrr_amount
        or gross_retained_mrr_amount <> cohort_mrr_amount
        or (logo_rate is distinct from 1)
        or (net_revenue_rate is distinct from 1)
        or (gross_revenue_rate is distinct from 1)
    )
