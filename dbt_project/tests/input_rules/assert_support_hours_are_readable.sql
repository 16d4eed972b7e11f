-- Hours that cannot be read, or that overlap, would make replies look sooner or later
-- than they came.
with

support_hours as (

    select * from {{ ref('int_support_hours_overridden') }}

),

open_spans as (

    select
        weekday,
        span_number,
        opens,
        closes,
        {{ is_time_of_day('opens') }} as is_opens_readable,
        {{ is_time_of_day('closes') }} as is_closes_readable,
        try_cast(split_part(opens, ':', 1) as integer) * 60
        + try_cast(split_part(opens, ':', 2) as integer) as opens_minute,
        try_cast(split_part(closes, ':', 1) as integer) * 60
        + try_cast(split_part(closes, ':', 2) as integer) as closes_minute
    from support_hours
    where
        trim(coalesce(opens, '')) <> ''
        or trim(coalesce(closes, '')) <> ''

),

findings as (

    select
        weekday,
        span_number,
        'weekday' as column_name,
        coalesce(cast(weekday as string), 'NULL') as rejected_value,
        'Expected 1 (Monday) to 7 (Sunday).' as reason
    from support_hours
    where coalesce(weekday < 1 or weekday > 7, true)
    union all
    select
        weekday,
        span_number,
        'span_number' as column_name,
        coalesce(cast(span_number as string), 'NULL') as rejected_value,
        'Expected a whole number from 1 on.' as reason
    from support_hours
    where coalesce(span_number < 1, true)
    union all
    select
        weekday,
        span_number,
        'opens' as column_name,
        coalesce(opens, 'NULL') as rejected_value,
        'Expected HH:MM, or neither opens nor closes.' as reason
    from open_spans
    where not is_opens_readable
    union all
    select
        weekday,
        span_number,
        'closes' as column_name,
        coalesce(closes, 'NULL') as rejected_value,
        'Expected HH:MM, or neither opens nor closes.' as reason
    from open_spans
    where not is_closes_readable
    union all
    select
        weekday,
        span_number,
        'closes' as column_name,
        closes as rejected_value,
        'Expected a time after opens, 24:00 at the latest.' as reason
    from open_spans
    where
        is_opens_readable
        and is_closes_readable
        and (closes_minute <= opens_minute or closes_minute > 1440)
    union all
    select
        later.weekday,
        later.span_number,
        'opens' as column_name,
        later.opens as rejected_value,
        'Expected spans of one weekday that do not overlap.' as reason
    from open_spans as later
    inner join open_spans as earlier
        on
            later.weekday = earlier.weekday
            and later.span_number > earlier.span_number
            and later.opens_minute < earlier.closes_minute
            and later.closes_minute > earlier.opens_minute
)

select
    'policy.support_hours' as raw_table,
    coalesce(cast(weekday as string), 'NULL')
    || ', '
    || coalesce(cast(span_number as string), 'NULL') as row_id,
    column_name,
    rejected_value,
    reason
from findings
