-- Gross retained MRR is at most what the cohort began with and at most what it has now;
-- accounts are at most those that began; nothing is negative.
with

cells as (

    select
        'month' as cohorts,
        cohort_month as cohort,
        months_since as distance,
        cohort_accounts,
        retained_accounts,
        cohort_mrr_amount,
        retained_mrr_amount,
        gross_retained_mrr_amount
    from {{ ref('fct_retention_by_cohort_month') }}
    union all
    select
        'quarter' as cohorts,
        cohort_quarter as cohort,
        quarters_since as distance,
        cohort_accounts,
        retained_accounts,
        cohort_mrr_amount,
        retained_mrr_amount,
        gross_retained_mrr_amount
    from {{ ref('fct_retention_by_cohort_quarter') }}
    union all
    select
        segment_type || ' ' || segment as cohorts,
        cohort_month as cohort,
        months_since as distance,
        cohort_accounts,
        retained_accounts,
        cohort_mrr_amount,
        retained_mrr_amount,
        gross_retained_mrr_amount
    from {{ ref('fct_retention_by_segment_cohort_month') }}

)

select *
from cells
where
    gross_retained_mrr_amount > cohort_mrr_amount
    or gross_retained_mrr_amount > retained_mrr_amount
    or retained_accounts > cohort_accounts
    or retained_accounts < 0
    or gross_retained_mrr_amount < 0
    or cohort_mrr_amount <= 0
    or (retained_accounts = 0) <> (retained_mrr_amount = 0)
