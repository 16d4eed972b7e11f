{# A recorded count, or NULL where it is below 0 and so cannot be one. #}
{% macro known_count(count) -%}
    case when {{ count }} >= 0 then {{ count }} end
{%- endmacro %}
