-- Every cell of a cohort is the sum over the segments of every type that an account is of
-- as a whole: each account is in one of them, that of its first month-end with MRR, and
-- stays in it. A returned row shows by how much that sum is off.
with

cells as (

    select * from {{ ref('fct_retention_by_cohort_month') }}

),

segment_types as (

    {%- for segment_type in account_segment_types().split() %}
    select '{{ segment_type }}' as segment_type
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

segment_sums as (

    select
        segment_type,
        cohort_month,
        months_since,
        sum(cohort_accounts) as cohort_accounts,
        sum(retained_accounts) as retained_accounts,
        sum(cohort_mrr_amount) as cohort_mrr_amount,
        sum(retained_mrr_amount) as retained_mrr_amount,
        sum(gross_retained_mrr_amount) as gross_retained_mrr_amount,
        sum(margin_amount) as margin_amount
    from {{ ref('fct_retention_by_segment_cohort_month') }}
    where {{ is_of_the_account('segment_type') }}
    group by segment_type, cohort_month, months_since

),

expected as (

    select
        segment_types.segment_type,
        cells.cohort_month,
        cells.months_since,
        cells.cohort_accounts,
        cells.retained_accounts,
        cells.cohort_mrr_amount,
        cells.retained_mrr_amount,
        cells.gross_retained_mrr_amount,
        cells.margin_amount
    from cells
    cross join segment_types

),

differences as (

    select
        coalesce(expected.segment_type, segment_sums.segment_type) as segment_type,
        coalesce(expected.cohort_month, segment_sums.cohort_month) as cohort_month,
        coalesce(expected.months_since, segment_sums.months_since) as months_since,
        coalesce(segment_sums.cohort_accounts, 0)
        - coalesce(expected.cohort_accounts, 0) as cohort_accounts,
        coalesce(segment_sums.retained_accounts, 0)
        - coalesce(expected.retained_accounts, 0) as retained_accounts,
        coalesce(segment_sums.cohort_mrr_amount, 0)
        - coalesce(expected.cohort_mrr_amount, 0) as cohort_mrr_amount,
        coalesce(segment_sums.retained_mrr_amount, 0)
        - coalesce(expected.retained_mrr_amount, 0) as retained_mrr_amount,
        coalesce(segment_sums.gross_retained_mrr_amount, 0)
        - coalesce(expected.gross_retained_mrr_amount, 0) as gross_retained_mrr_amount,
        coalesce(segment_sums.margin_amount, 0) - coalesce(expected.margin_amount, 0)
            as margin_amount
    from expected
    full outer join segment_sums
        on
            expected.segment_type = segment_sums.segment_type
            and expected.cohort_month = segment_sums.cohort_month
            and expected.months_since = segment_sums.months_since

)

select *
from differences
where
    cohort_accounts <> 0
    or retained_accounts <> 0
    or cohort_mrr_amount <> 0
    or retained_mrr_amount <> 0
    or gross_retained_mrr_amount <> 0
    or margin_amount <> 0
