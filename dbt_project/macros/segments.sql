{#
  The segment, of one segment type, of MRR on a price in a currency: `accounts` and `prices` are the rows of
  int_accounts_segmented and int_prices_segmented that it joins. What is not known is the segment 'unknown'.
#}
{% macro segment_of(segment_type, accounts, prices, currency_code) -%}
    coalesce(
        case {{ segment_type }}
            when 'country' then {{ accounts }}.country
            when 'region' then {{ accounts }}.region
            when 'product' then {{ prices }}.product_id
            when 'plan' then {{ prices }}.price_id
            when 'currency' then {{ currency_code }}
            when 'service_type' then {{ prices }}.service_type
            when 'deployment' then {{ prices }}.deployment
        end,
        'unknown'
    )
{%- endmacro %}
