{# The segment types: what an account is of as a whole, then what it pays for. #}
{% macro segment_types() -%}
    {{ account_segment_types() }} {{ price_segment_types() }}
{%- endmacro %}

{# Of these an account has one at a time; it may have another one later. #}
{% macro account_segment_types() -%}
    {{ dated_segment_types() }} health_band
{%- endmacro %}

{# Whether an account is of one segment of a type at a time. #}
{% macro is_of_the_account(segment_type) -%}
    {{ segment_type }} in (
        {%- for account_type in account_segment_types().split() %}
        '{{ account_type }}'
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    )
{%- endmacro %}

{# Where an account is followed: everywhere ('all') by what it is as a whole, so that a move loses nothing; else within the segment. #}
{% macro followed_within(segment_type, segment) -%}
    case when {{ is_of_the_account(segment_type) }} then 'all' else {{ segment }} end
{%- endmacro %}

{# Columns of int_account_segments_dated; the band of a month's health stands in int_health_bands_by_account_month. #}
{% macro dated_segment_types() -%}
    country region vertical organization_size acquisition_channel region_vertical
{%- endmacro %}

{# Of these an account may have several at a time: columns of int_prices_segmented, and the currency. #}
{% macro price_segment_types() -%}
    product plan currency service_type deployment
{%- endmacro %}

{# The first day of all months, from which what an account was first known as holds. #}
{% macro first_month_of_all() -%}
    cast('1900-01-01' as date)
{%- endmacro %}

{# Stands for "no end" of a stretch of months: later than any month. #}
{% macro end_of_all_months() -%}
    cast('9999-12-01' as date)
{%- endmacro %}

{# Pairs of segment types that revenue by year is crossed by. #}
{% macro crossed_segment_types() -%}
    region*vertical region*service_type vertical*service_type region*organization_size
{%- endmacro %}
