-- Retention is of a closed set: the accounts that paid twelve months before, as that
-- month's bridge counts them, in total ('all') and in each segment.
with

months as (

    select * from {{ ref('dim_months') }}

),

paying as (

    select
        'all' as segment_type,
        'all' as segment,
        {{ add_months('month', 12) }} as month,
        closing_account_count
    from {{ ref('fct_mrr_bridge_by_month') }}
    where closing_account_count > 0
    union all
    select
        segment_type,
        segment,
        {{ add_months('month', 12) }} as month,
        closing_account_count
    from {{ ref('fct_mrr_bridge_by_segment_month') }}
    where closing_account_count > 0

),

retained as (

    select
        'all' as segment_type,
        'all' as segment,
        month,
        nrr_account_count
    from {{ ref('fct_subscription_metrics_by_month') }}
    where nrr_account_count > 0
    union all
    select
        segment_type,
        segment,
        month,
        nrr_account_count
    from {{ ref('fct_subscription_metrics_by_segment_month') }}
    where nrr_account_count > 0

)

select
    coalesce(paying.segment_type, retained.segment_type) as segment_type,
    coalesce(paying.segment, retained.segment) as segment,
    coalesce(paying.month, retained.month) as month,
    paying.closing_account_count as closing_account_count_a_year_before,
    retained.nrr_account_count
from paying
inner join months
    on paying.month = months.month
full outer join retained
    on
        paying.segment_type = retained.segment_type
        and paying.segment = retained.segment
        and paying.month = retained.month
where paying.closing_account_count is distinct from retained.nrr_account_count
