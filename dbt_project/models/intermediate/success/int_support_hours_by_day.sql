-- Grain: one row per day of the support calendar and span of hours in which support
-- answers; a day without any is one row with span 0.
-- From the day of the first ticket to two months after the as-of, so that a reply that
-- is not due yet has its day. [opens_at, closes_at) is in UTC, whole seconds long;
-- seconds_before and seconds_after count all support hours since the calendar began.
with

tickets as (

    select * from {{ ref('stg_crm__tickets') }}

),

support_hours as (

    select * from {{ ref('int_support_hours_overridden') }}

),

holidays as (

    select * from {{ ref('int_support_holidays_overridden') }}
    where is_closed

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

first_ticket as (

    select min(created_at) as created_at
    from tickets
    where not is_deleted

),

bounds as (

    select
        run_settings.support_time_zone,
        {{ local_day('first_ticket.created_at', 'run_settings.support_time_zone') }}
            as first_day,
        {{ add_days('run_settings.as_of_date', 62) }} as last_day
    from first_ticket
    cross join run_settings
    where first_ticket.created_at < run_settings.as_of_at

),

series as (

    select
        support_time_zone,
        {{ day_series('first_day', 'last_day') }} as day_start
    from bounds

),

days as (

    select
        support_time_zone,
        cast(day_start as date) as support_date,
        cast(day_start as timestamp) as midnight,
        cast('1900-01-01' as date) as a_monday
    from series

),

weekdays as (

    select
        days.support_time_zone,
        days.support_date,
        days.midnight,
        {{ days_between('days.a_monday', 'days.support_date') }} % 7 + 1
            as weekday_number
    from days

),

spans as (

    select
        weekday,
        span_number,
        try_cast(split_part(opens, ':', 1) as integer) * 3600
        + try_cast(split_part(opens, ':', 2) as integer) * 60 as opens_second,
        try_cast(split_part(closes, ':', 1) as integer) * 3600
        + try_cast(split_part(closes, ':', 2) as integer) * 60 as closes_second
    from support_hours
    where
        trim(opens) <> ''
        and trim(closes) <> ''

),

on_the_clock as (

    select
        weekdays.support_date,
        weekdays.support_time_zone,
        coalesce(spans.span_number, 0) as span_number,
        {{ add_seconds('weekdays.midnight', 'spans.opens_second') }} as opens,
        {{ add_seconds('weekdays.midnight', 'spans.closes_second') }} as closes
    from weekdays
    left join holidays
        on weekdays.support_date = holidays.holiday_date
    left join spans
        on
            weekdays.weekday_number = spans.weekday
            and holidays.holiday_date is null

),

in_utc as (

    select
        support_date,
        span_number,
        {{ utc_timestamp('opens', 'support_time_zone') }} as opens_at,
        {{ utc_timestamp('closes', 'support_time_zone') }} as closes_at
    from on_the_clock

),

measured as (

    select
        *,
        coalesce({{ seconds_between('opens_at', 'closes_at') }}, 0) as span_seconds
    from in_utc

),

final as (

    select
        support_date,
        span_number,
        opens_at,
        closes_at,
        sum(span_seconds) over (
            order by support_date, span_number
            rows between unbounded preceding and current row
        ) - span_seconds as seconds_before,
        sum(span_seconds) over (
            order by support_date, span_number
            rows between unbounded preceding and current row
        ) as seconds_after
    from measured

)

select * from final
