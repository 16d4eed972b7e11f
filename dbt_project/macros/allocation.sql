{#
  Splitting amounts exactly, where millions of rows make it worth to know what an engine is slow at. Expressions only; how
  an amount is split is read in the models.
#}

{# A quantity (6 decimals, below 10^20) in millionths, an exact integer. #}
{% macro in_millionths(quantity) -%}
    {{ return(adapter.dispatch('in_millionths', 'tieout')(quantity)) }}
{%- endmacro %}

{#
  DuckDB takes 240 ns to divide a decimal of more than 18 digits by its scale, which a cast to an integer is, and 15 ns for
  whole part and fraction of one that is narrower.
#}
{% macro default__in_millionths(quantity) -%}
    {%- set narrow = 'cast(' ~ quantity ~ ' as decimal(18, 6))' -%}
    case
        when abs({{ quantity }}) < 1000000000000
            then cast(
                cast(floor({{ narrow }}) as bigint) * 1000000
                + cast(
                    cast({{ narrow }} - floor({{ narrow }}) as decimal(7, 6))
                    * cast(1000000 as decimal(7, 0)) as bigint
                ) as hugeint
            )
        else cast({{ quantity }} * 1000000 as hugeint)
    end
{%- endmacro %}

{% macro spark__in_millionths(quantity) -%}
    cast({{ quantity }} * 1000000 as decimal(38, 0))
{%- endmacro %}

{# The greatest whole number that is not above numerator / denominator (exact integers; denominator > 0). #}
{% macro floor_quotient(numerator, denominator) -%}
    case
        when {{ numerator }} >= 0 then {{ whole_quotient(numerator, denominator) }}
        else -{{ whole_quotient(
            '-(' ~ numerator ~ ') + (' ~ denominator ~ ') - 1', denominator
        ) }}
    end
{%- endmacro %}
