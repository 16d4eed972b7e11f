{# Buckets of costs: which of them are costs of revenue. #}

{# The buckets that are costs of revenue whatever the policies say. Overhead that follows one of them is, too. #}
{% macro direct_buckets() -%}
    hosting support services cloud_operations capitalized_software third_party_fees
{%- endmacro %}

{# The same as texts of SQL, separated by commas. #}
{% macro quoted_direct_buckets() -%}
    '{{ direct_buckets().split() | join("', '") }}'
{%- endmacro %}

{# Whether a bucket is a cost of revenue; overhead is not until it reaches one. #}
{% macro is_direct_bucket(bucket, is_customer_success_in_cor) -%}
    coalesce(
        {{ bucket }} in ({{ quoted_direct_buckets() }})
        or ({{ bucket }} = 'customer_success' and {{ is_customer_success_in_cor }}),
        false
    )
{%- endmacro %}

{#
  A cost of the cloud bill (18 decimals) at an exchange rate, DECIMAL(38,18): it is cut to 6 decimals and the rate to 12
  first, so that the product fits 38 digits.
#}
{% macro convert_cost(cost, exchange_rate) -%}
    cast(
        cast(round({{ cost }}, 6) as decimal(20, 6))
        * cast(round({{ exchange_rate }}, 12) as decimal(18, 12)) as decimal(38, 18)
    )
{%- endmacro %}

{# The summed cost of an environment, rounded half away from zero to 6 decimals; an aggregate. #}
{% macro tagged_cost(cost, environment) -%}
    cast(
        round(
            cast(
                coalesce(sum(case when environment = '{{ environment }}' then {{ cost }} end), 0)
                as decimal(38, 18)
            ),
            6
        ) as decimal(24, 6)
    )
{%- endmacro %}

{# Whether a type of account of the ledger, in NetSuite's short or long name and in any case, is one of expenses. #}
{% macro is_expense_account(account_type) -%}
    lower(trim({{ account_type }})) in ('cogs', 'cost of goods sold', 'expense', 'othexpense', 'other expense')
{%- endmacro %}
