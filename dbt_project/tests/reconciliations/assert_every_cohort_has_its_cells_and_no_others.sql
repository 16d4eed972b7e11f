-- A cohort has one cell for every month, or quarter, from its own to that of the as-of:
-- none beyond the calendar, none missing, each at its distance.
with

calendar as (

    select max(month) as last_month from {{ ref('dim_months') }}

),

cells as (

    select
        'month' as cohorts,
        'all' as segment_type,
        'all' as segment,
        cohort_month as cohort,
        months_since as distance,
        {{ months_between_first_days('cohort_month', 'month') }} as distance_in_time,
        1 as months_apart
    from {{ ref('fct_retention_by_cohort_month') }}
    union all
    select
        'quarter' as cohorts,
        'all' as segment_type,
        'all' as segment,
        cohort_quarter as cohort,
        quarters_since * 3 as distance,
        {{ months_between_first_days('cohort_quarter', quarter_of('month')) }}
            as distance_in_time,
        3 as months_apart
    from {{ ref('fct_retention_by_cohort_quarter') }}
    union all
    select
        'segment and month' as cohorts,
        segment_type,
        segment,
        cohort_month as cohort,
        months_since as distance,
        {{ months_between_first_days('cohort_month', 'month') }} as distance_in_time,
        1 as months_apart
    from {{ ref('fct_retention_by_segment_cohort_month') }}

),

counted as (

    select
        cells.cohorts,
        cells.segment_type,
        cells.segment,
        cells.cohort,
        count(*) as cell_count,
        min(cells.distance) as first_distance,
        max(cells.distance) as last_distance,
        sum(case when cells.distance = cells.distance_in_time then 0 else 1 end)
            as misplaced_count,
        max(
            case
                when cells.months_apart = 3
                    then {{ months_between_first_days(
                        'cells.cohort', quarter_of('calendar.last_month')
                    ) }}
                else {{ months_between_first_days(
                    'cells.cohort', 'calendar.last_month'
                ) }}
            end
        ) as expected_last_distance,
        max(cells.months_apart) as months_apart
    from cells
    cross join calendar
    group by cells.cohorts, cells.segment_type, cells.segment, cells.cohort

)

select *
from counted
where
    first_distance <> 0
    or last_distance <> expected_last_distance
    or (cell_count - 1) * months_apart <> expected_last_distance
    or misplaced_count > 0
