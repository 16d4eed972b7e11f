-- Grain: one row per segment type, segment, cohort month and months since, in complete
-- months only; all accounts are the segment 'all' of the type 'all'. A segment with
-- fewer accounts than a fit asks for is left out: tailor-made plans may be as many as
-- customers.
-- Survivors have paid at every month-end since their cohort month: an account that
-- comes back was lost at its first churn. Definitions 4.
with

movements as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

accounts_by_segment as (

    select * from {{ ref('int_accounts_started_by_segment') }}

),

months as (

    select * from {{ ref('int_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

last_complete_month as (

    select max(month) as month
    from months
    where is_complete_month

),

-- Accounts of the last complete month have not been seen for a month yet.
large_segments as (

    select
        accounts_by_segment.segment_type,
        accounts_by_segment.segment
    from accounts_by_segment
    inner join last_complete_month
        on accounts_by_segment.cohort_month < last_complete_month.month
    cross join run_settings
    group by
        accounts_by_segment.segment_type,
        accounts_by_segment.segment,
        run_settings.retention_fit_minimum_accounts
    having count(*) >= run_settings.retention_fit_minimum_accounts

),

accounts as (

    select
        'all' as segment_type,
        'all' as segment,
        account_id,
        min(cohort_month) as cohort_month,
        min(case when opening > 0 and closing = 0 then month end) as lost_month
    from movements
    where month >= cohort_month
    group by account_id
    union all
    select
        accounts_by_segment.segment_type,
        accounts_by_segment.segment,
        accounts_by_segment.account_id,
        accounts_by_segment.cohort_month,
        accounts_by_segment.lost_month
    from accounts_by_segment
    inner join large_segments
        on
            accounts_by_segment.segment_type = large_segments.segment_type
            and accounts_by_segment.segment = large_segments.segment

),

cohorts as (

    select
        segment_type,
        segment,
        cohort_month,
        count(*) as cohort_accounts
    from accounts
    group by segment_type, segment, cohort_month

),

losses as (

    select
        segment_type,
        segment,
        cohort_month,
        lost_month,
        count(*) as lost_accounts
    from accounts
    where lost_month is not null
    group by segment_type, segment, cohort_month, lost_month

),

cells as (

    select
        cohorts.segment_type,
        cohorts.segment,
        cohorts.cohort_month,
        months.month,
        cohorts.cohort_accounts
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month
    where months.is_complete_month

),

final as (

    select
        cells.segment_type,
        cells.segment,
        cells.cohort_month,
        cast(
            {{ months_between_first_days('cells.cohort_month', 'cells.month') }}
            as integer
        ) as months_since,
        cast(cells.cohort_accounts as integer) as cohort_accounts,
        cast(
            cells.cohort_accounts - sum(coalesce(losses.lost_accounts, 0)) over (
                partition by
                    cells.segment_type, cells.segment, cells.cohort_month
                order by cells.month
                rows between unbounded preceding and current row
            ) as integer
        ) as surviving_accounts
    from cells
    left join losses
        on
            cells.segment_type = losses.segment_type
            and cells.segment = losses.segment
            and cells.cohort_month = losses.cohort_month
            and cells.month = losses.lost_month

)

select * from final
