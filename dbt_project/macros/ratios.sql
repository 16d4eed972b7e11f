{# Ratios: what remains when all money has been summed exactly. The only binary floating point of the project. #}

{# numerator / denominator as a double; NULL, not 0 or infinity, where the denominator is 0, negative or NULL. #}
{% macro ratio(numerator, denominator) -%}
    case
        when {{ denominator }} > 0
            then cast({{ numerator }} as double) / cast({{ denominator }} as double)
    end
{%- endmacro %}
