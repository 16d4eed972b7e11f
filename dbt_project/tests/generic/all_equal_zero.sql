{#
  An identity that holds exactly on every row. `expression` is the difference of its two sides; a returned row is one
  where they differ (or where a NULL makes it unknown).
#}
{% test all_equal_zero(model, expression) %}

select
    *,
    {{ expression }} as difference
from {{ model }}
where ({{ expression }}) is distinct from 0

{% endtest %}
