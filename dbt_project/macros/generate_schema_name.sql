{# Schemas are plainly staging, intermediate and marts in every target: analysts' queries name `marts`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
