{# The segment types, in the order of the definitions: columns of int_accounts_segmented, int_prices_segmented, and the currency. #}
{% macro segment_types() -%}
    country region product plan currency service_type deployment
{%- endmacro %}
