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
