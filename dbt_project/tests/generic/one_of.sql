{#
  Unknown input fails loudly: a value that the definitions do not name stops publication. NULL passes only where
  `null_allowed` says so. A returned row is an unknown value with its row count and its lowest key.
#}
{% test one_of(model, column_name, values, key, null_allowed=false) %}

select
    {{ column_name }} as unknown_value,
    count(*) as row_count,
    min({{ key }}) as first_key
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
