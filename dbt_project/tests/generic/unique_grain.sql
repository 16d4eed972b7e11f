{#
  The grain of a model: the columns are never NULL and no two rows share them. One test instead of a unique and a
  not_null test per column. A returned row is a broken key with the number of rows that carry it.
#}
{% test unique_grain(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
