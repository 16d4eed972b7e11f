{# Ratios: what remains when all money has been summed exactly. Floating point stays here. #}

{# numerator / denominator as a double; NULL, not 0 or infinity, where the denominator is 0, negative or NULL. #}
{% macro ratio(numerator, denominator) -%}
    case
        when {{ denominator }} > 0
            then cast({{ numerator }} as double) / cast({{ denominator }} as double)
    end
{%- endmacro %}

{# A double to the power of twelve, multiplied out: power() may differ in its last digit from machine to machine. #}
{% macro twelfth_power(base) -%}
    ({{ ([base] * 12) | join(' * ') }})
{%- endmacro %}

{#
  The constant yearly growth (double, 1 = 100 %) that leads from start to finish in so many years; NULL where the start is
  not above 0, the finish below 0 or no year has passed.
#}
{% macro compound_growth(start, finish, years) -%}
    case
        when {{ start }} > 0 and {{ finish }} >= 0 and {{ years }} > 0
            then power({{ ratio(finish, start) }}, 1 / cast({{ years }} as double)) - 1
    end
{%- endmacro %}

{#
  An amount after so many years of constant growth, rounded to the digits of the reporting currency, DECIMAL(24,4): an
  estimate, which may leave exact arithmetic on its way; NULL where it would not fit.
#}
{% macro grown_amount(amount, growth, years, minor_unit_digits) -%}
    try_cast(
        round(
            cast({{ amount }} as double) * power(1 + {{ growth }}, {{ years }}),
            {{ minor_unit_digits }}
        ) as decimal(24, 4)
    )
{%- endmacro %}
