{# Gross margins: what is published of them, in one order for every mart. #}

{#
  The additive amounts of a gross margin, in the order in which they are published: columns of
  int_margins_by_account_price_month with _minor, of the marts with _amount.
#}
{% macro margin_measures() -%}
    subscription_revenue services_revenue total_revenue
    {{ direct_buckets() }} overhead customer_success customer_success_overhead
    subscription_cost services_cost cost_of_revenue
    {{ margins() }}
{%- endmacro %}

{# The margins: the first word says of which revenue. #}
{% macro margins() -%}
    subscription_margin services_margin total_margin
    subscription_margin_excluding_customer_success subscription_margin_including_customer_success
    total_margin_excluding_customer_success total_margin_including_customer_success
{%- endmacro %}

{# A margin over its revenue. #}
{% macro margin_rate(margin) -%}
    {{ ratio(margin ~ '_minor', margin.split('_')[0] ~ '_revenue_minor') }}
{%- endmacro %}
