{#
  Splitting by largest remainder, exact to the unit: of a whole number of units, each of several weights gets the whole
  part of its share, and the units that are left go one by one to the largest remainders, ties to the lowest key. All
  three are exact integers of at most 19 digits, whose product fits 38; total_weight > 0.
#}

{# The whole part of a weight's share of the units. #}
{% macro whole_share(units, weight, total_weight) -%}
    {{ whole_quotient('(' ~ units ~ ') * (' ~ weight ~ ')', total_weight) }}
{%- endmacro %}

{# What the whole part leaves of the share, in total_weight-ths of a unit; orders who gets the units that are left. #}
{% macro share_remainder(units, weight, total_weight) -%}
    (
        ({{ units }}) * ({{ weight }})
        - {{ whole_share(units, weight, total_weight) }} * ({{ total_weight }})
    )
{%- endmacro %}

{# An MRR amount as a whole number of its smallest units (0.0001), and back. #}
{% macro mrr_units(amount) -%}
    {{ exact_integer('(' ~ amount ~ ') * 10000') }}
{%- endmacro %}

{% macro mrr_of_units(units) -%}
    cast(
        cast({{ units }} as decimal(22, 0)) * cast(0.0001 as decimal(4, 4))
        as decimal(18, 4)
    )
{%- endmacro %}
