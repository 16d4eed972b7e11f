{#
  Time: the expressions that DuckDB and Spark spell differently, one per macro. Every timestamp in the project is UTC
  without a zone; these macros are the only places where a time zone enters.
#}

{# The wall-clock time (timestamp) in an IANA time zone at a UTC timestamp. #}
{% macro local_timestamp(utc_timestamp, time_zone) -%}
    {{ return(adapter.dispatch('local_timestamp', 'tieout')(utc_timestamp, time_zone)) }}
{%- endmacro %}

{% macro default__local_timestamp(utc_timestamp, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{% macro spark__local_timestamp(utc_timestamp, time_zone) -%}
    from_utc_timestamp(cast({{ utc_timestamp }} as timestamp), {{ time_zone }})
{%- endmacro %}

{#
  The UTC timestamp at which an IANA time zone shows a wall-clock time; the earlier one where a change of clocks shows it
  twice, since a month begins with its first instant.
#}
{% macro utc_timestamp(wall_clock_time, time_zone) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'tieout')(wall_clock_time, time_zone)) }}
{%- endmacro %}

{% macro default__utc_timestamp(wall_clock_time, time_zone) -%}
    {%- set later = (
        "timezone('UTC', timezone(" ~ time_zone ~ ", cast(" ~ wall_clock_time ~ " as timestamp)))"
    ) -%}
    case
        when {{ local_timestamp(later ~ ' - interval 1 hour', time_zone) }}
            = cast({{ wall_clock_time }} as timestamp)
            then {{ later }} - interval 1 hour
        else {{ later }}
    end
{%- endmacro %}

{% macro spark__utc_timestamp(wall_clock_time, time_zone) -%}
    to_utc_timestamp(cast({{ wall_clock_time }} as timestamp), {{ time_zone }})
{%- endmacro %}

{# The first day (date) of the month of a date or timestamp. #}
{% macro month_of(moment) -%}
    cast(date_trunc('month', {{ moment }}) as date)
{%- endmacro %}

{# The first day (date) of the quarter of a date or timestamp. #}
{% macro quarter_of(moment) -%}
    cast(date_trunc('quarter', {{ moment }}) as date)
{%- endmacro %}

{# One row per month (date), first to last inclusive; stands alone in a select list. #}
{% macro month_series(first_month, last_month) -%}
    {{ return(adapter.dispatch('month_series', 'tieout')(first_month, last_month)) }}
{%- endmacro %}

{% macro default__month_series(first_month, last_month) -%}
    unnest(
        generate_series(
            cast({{ first_month }} as timestamp),
            cast({{ last_month }} as timestamp),
            interval 1 month
        )
    )
{%- endmacro %}

{% macro spark__month_series(first_month, last_month) -%}
    explode(sequence({{ first_month }}, {{ last_month }}, interval 1 month))
{%- endmacro %}

{# A date moved by a whole number of months. #}
{% macro add_months(day, months) -%}
    {{ return(adapter.dispatch('add_months', 'tieout')(day, months)) }}
{%- endmacro %}

{% macro default__add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(day, months) -%}
    add_months({{ day }}, {{ months }})
{%- endmacro %}

{# A date moved by a whole number of days. #}
{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'tieout')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    cast({{ day }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as integer))
{%- endmacro %}

{# A timestamp moved by a whole number of days of 24 hours. #}
{% macro add_days_to_timestamp(moment, days) -%}
    {{ return(adapter.dispatch('add_days_to_timestamp', 'tieout')(moment, days)) }}
{%- endmacro %}

{% macro default__add_days_to_timestamp(moment, days) -%}
    ({{ moment }} + to_days(cast({{ days }} as integer)))
{%- endmacro %}

{% macro spark__add_days_to_timestamp(moment, days) -%}
    ({{ moment }} + make_interval(0, 0, 0, cast({{ days }} as integer)))
{%- endmacro %}

{# Whole months from one first-of-month date to another. #}
{% macro months_between_first_days(earlier, later) -%}
    (
        (extract(year from {{ later }}) - extract(year from {{ earlier }})) * 12
        + extract(month from {{ later }}) - extract(month from {{ earlier }})
    )
{%- endmacro %}

{# Stands for "no end": later than any instant that a row can carry, and equal to itself in comparisons. #}
{% macro end_of_time() -%}
    cast('9999-12-31 00:00:00' as timestamp)
{%- endmacro %}

{# Stands for "since always". #}
{% macro start_of_time() -%}
    cast('1900-01-01 00:00:00' as timestamp)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'tieout')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    cast({{ later }} - {{ earlier }} as integer)
{%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
    extract(day from ({{ later }} - {{ earlier }}))
{%- endmacro %}

{# The day (date) that an IANA time zone shows at a UTC timestamp. #}
{% macro local_day(utc_timestamp, time_zone) -%}
    cast({{ local_timestamp(utc_timestamp, time_zone) }} as date)
{%- endmacro %}

{# Whether something of that time (UTC) is known by the run: an as-of that the operator gave hides what came later. #}
{% macro is_known_by_the_as_of(created_at) -%}
    (
        not run_settings.is_as_of_given
        or coalesce({{ created_at }} < run_settings.as_of_at, true)
    )
{%- endmacro %}

{# One row per day (date), first to last inclusive; stands alone in a select list. #}
{% macro day_series(first_day, last_day) -%}
    {{ return(adapter.dispatch('day_series', 'tieout')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__day_series(first_day, last_day) -%}
    unnest(
        generate_series(
            cast({{ first_day }} as timestamp),
            cast({{ last_day }} as timestamp),
            interval 1 day
        )
    )
{%- endmacro %}

{% macro spark__day_series(first_day, last_day) -%}
    explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day))
{%- endmacro %}

{# Seconds from one timestamp to another, both of whole seconds. #}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'tieout')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    (unix_timestamp({{ later }}) - unix_timestamp({{ earlier }}))
{%- endmacro %}

{# A timestamp moved by a whole number of seconds. #}
{% macro add_seconds(moment, seconds) -%}
    {{ return(adapter.dispatch('add_seconds', 'tieout')(moment, seconds)) }}
{%- endmacro %}

{% macro default__add_seconds(moment, seconds) -%}
    ({{ moment }} + to_seconds(cast({{ seconds }} as bigint)))
{%- endmacro %}

{% macro spark__add_seconds(moment, seconds) -%}
    ({{ moment }} + make_interval(0, 0, 0, 0, 0, 0, {{ seconds }}))
{%- endmacro %}

{# Seconds (whole) in minutes, DECIMAL(18,4), rounded half away from zero; NULL stays NULL. #}
{% macro seconds_to_minutes(seconds) -%}
    case
        when {{ seconds }} is not null
            then {{ round_quotient_to_mrr(exact_integer(seconds), exact_integer('60')) }}
    end
{%- endmacro %}

{#
  One row per year (integer), first to last inclusive; stands alone in a select list. Where the last is before the first an
  engine may count down: filter.
#}
{% macro year_series(first_year, last_year) -%}
    {{ return(adapter.dispatch('year_series', 'tieout')(first_year, last_year)) }}
{%- endmacro %}

{% macro default__year_series(first_year, last_year) -%}
    unnest(generate_series({{ first_year }}, {{ last_year }}))
{%- endmacro %}

{% macro spark__year_series(first_year, last_year) -%}
    explode(sequence({{ first_year }}, {{ last_year }}))
{%- endmacro %}
