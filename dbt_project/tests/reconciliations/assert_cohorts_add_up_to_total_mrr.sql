-- Over the cohorts, monthly, quarterly and of every product, plan, currency, service
-- type and deployment, the MRR and the paying accounts of a month are those of the
-- company and of the segment. Cohorts by what an account is of as a whole keep who
-- moves: only over all segments of the type they are the company.
with

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

segment_months as (

    select * from {{ ref('int_mrr_by_segment_account_month') }}

),

by_month as (

    select * from {{ ref('fct_retention_by_cohort_month') }}

),

by_quarter as (

    select * from {{ ref('fct_retention_by_cohort_quarter') }}

),

by_segment as (

    select * from {{ ref('fct_retention_by_segment_cohort_month') }}

),

quarter_ends as (

    select
        {{ quarter_of('month') }} as quarter,
        max(month) as month
    from bridge
    group by {{ quarter_of('month') }}

),

expected as (

    select
        'month' as cohorts,
        'all' as segment_type,
        'all' as segment,
        month,
        closing_mrr_amount as mrr_amount,
        closing_account_count as paying_accounts
    from bridge
    union all
    select
        'quarter' as cohorts,
        'all' as segment_type,
        'all' as segment,
        bridge.month,
        bridge.closing_mrr_amount as mrr_amount,
        bridge.closing_account_count as paying_accounts
    from bridge
    inner join quarter_ends
        on bridge.month = quarter_ends.month
    union all
    select
        'segment and month' as cohorts,
        segment_type,
        segment,
        month,
        sum(closing) as mrr_amount,
        sum(case when closing > 0 then 1 else 0 end) as paying_accounts
    from segment_months
    where not {{ is_of_the_account('segment_type') }}
    group by segment_type, segment, month

),

actual as (

    select
        'month' as cohorts,
        'all' as segment_type,
        'all' as segment,
        month,
        sum(retained_mrr_amount) as mrr_amount,
        sum(retained_accounts) as paying_accounts
    from by_month
    group by month
    union all
    select
        'quarter' as cohorts,
        'all' as segment_type,
        'all' as segment,
        month,
        sum(retained_mrr_amount) as mrr_amount,
        sum(retained_accounts) as paying_accounts
    from by_quarter
    group by month
    union all
    select
        'segment and month' as cohorts,
        segment_type,
        segment,
        month,
        sum(retained_mrr_amount) as mrr_amount,
        sum(retained_accounts) as paying_accounts
    from by_segment
    where not {{ is_of_the_account('segment_type') }}
    group by segment_type, segment, month

),

segment_types as (

    select distinct segment_type from by_segment

),

-- All segments of one type are the company.
expected_of_types as (

    select
        segment_types.segment_type,
        bridge.month,
        bridge.closing_mrr_amount as mrr_amount
    from bridge
    cross join segment_types

),

actual_of_types as (

    select
        segment_type,
        month,
        sum(retained_mrr_amount) as mrr_amount
    from by_segment
    group by segment_type, month

)

select
    coalesce(expected.cohorts, actual.cohorts) as cohorts,
    coalesce(expected.segment_type, actual.segment_type) as segment_type,
    coalesce(expected.segment, actual.segment) as segment,
    coalesce(expected.month, actual.month) as month,
    expected.mrr_amount as expected_mrr_amount,
    actual.mrr_amount as actual_mrr_amount,
    expected.paying_accounts as expected_paying_accounts,
    actual.paying_accounts as actual_paying_accounts
from expected
full outer join actual
    on
        expected.cohorts = actual.cohorts
        and expected.segment_type = actual.segment_type
        and expected.segment = actual.segment
        and expected.month = actual.month
where
    coalesce(expected.mrr_amount, 0) <> coalesce(actual.mrr_amount, 0)
    or coalesce(expected.paying_accounts, 0) <> coalesce(actual.paying_accounts, 0)
union all
select
    'all segments and month' as cohorts,
    expected_of_types.segment_type,
    'all' as segment,
    expected_of_types.month,
    expected_of_types.mrr_amount as expected_mrr_amount,
    actual_of_types.mrr_amount as actual_mrr_amount,
    null as expected_paying_accounts,
    null as actual_paying_accounts
from expected_of_types
left join actual_of_types
    on
        expected_of_types.segment_type = actual_of_types.segment_type
        and expected_of_types.month = actual_of_types.month
where expected_of_types.mrr_amount <> coalesce(actual_of_types.mrr_amount, 0)
