{# The text of a top-level key of a JSON object, NULL where the key or the object is missing. #}
{% macro json_text(json_object, key) -%}
    {{ return(adapter.dispatch('json_text', 'tieout')(json_object, key)) }}
{%- endmacro %}

{% macro default__json_text(json_object, key) -%}
    json_extract_string({{ json_object }}, '$.{{ key }}')
{%- endmacro %}

{% macro spark__json_text(json_object, key) -%}
    get_json_object({{ json_object }}, '$.{{ key }}')
{%- endmacro %}
