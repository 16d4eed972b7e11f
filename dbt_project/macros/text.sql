{# Values joined by ", " in their own order, NULLs left out. #}
{% macro ordered_list(expression) -%}
    {{ return(adapter.dispatch('ordered_list', 'tieout')(expression)) }}
{%- endmacro %}

{% macro default__ordered_list(expression) -%}
    string_agg({{ expression }}, ', ' order by {{ expression }})
{%- endmacro %}

{% macro spark__ordered_list(expression) -%}
    array_join(sort_array(collect_list({{ expression }})), ', ')
{%- endmacro %}
