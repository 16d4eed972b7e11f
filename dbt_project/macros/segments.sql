{#
  The segment types, in the order of the definitions: what an account is of as a whole, then what it pays for. Columns of
  int_account_segments_dated and int_prices_segmented, and the currency.
#}
{% macro segment_types() -%}
    {{ account_segment_types() }} {{ price_segment_types() }}
{%- endmacro %}

{# Of these an account has one at a time; it may have another one later. #}
{% macro account_segment_types() -%}
    country region vertical organization_size acquisition_channel region_vertical
{%- endmacro %}

{# Of these an account may have several at a time. #}
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
