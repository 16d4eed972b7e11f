{#
  Unknown input fails loudly: a value that the definitions do not name stops publication. NULL passes only where
  `null_allowed` says so. A returned row is an unknown value with its raw table and column, and its lowest key.
#}
{% test one_of(model, column_name, values, key, raw_table, raw_column, null_allowed=false) %}

select
    '{{ raw_table }}' as raw_table,
    min({{ key }}) as row_id,
    '{{ raw_column }}' as column_name,
    coalesce({{ column_name }}, 'NULL') as rejected_value,
    'Expected one of: {{ values | join(", ") }}.' as reason,
    count(*) as row_count
from {{ model }}
where
    {%- if null_allowed %}
    {{ column_name }} is not null
    and
    {%- else %}
    {{ column_name }} is null
    or
    {%- endif %}
    {{ column_name }} not in ('{{ values | join("', '") }}')
group by {{ column_name }}

{% endtest %}
