-- Every amount of the gross margin of the month is the sum of its accounts, and of the
-- segments of each type.
-- A returned row shows by how much a sum is off, or is NULL where one of the two is.
with

margins as (

    select * from {{ ref('fct_gross_margin_by_month') }}

),

divisions as (

    select 'account' as division
    {%- for segment_type in segment_types().split() %}
    union all
    select '{{ segment_type }}' as division
    {%- endfor %}

),

parts as (

    select
        'account' as division,
        month,
        {%- for measure in margin_measures().split() %}
        {{ measure }}_amount
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('fct_gross_margin_by_account_month') }}
    union all
    select
        segment_type as division,
        month,
        {%- for measure in margin_measures().split() %}
        {{ measure }}_amount
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('fct_gross_margin_by_segment_month') }}

),

sums as (

    select
        division,
        month,
        {%- for measure in margin_measures().split() %}
        sum({{ measure }}_amount) as {{ measure }}_amount
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from parts
    group by division, month

),

expected as (

    select
        divisions.division,
        margins.month,
        {%- for measure in margin_measures().split() %}
        margins.{{ measure }}_amount
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from margins
    cross join divisions

)

select
    coalesce(expected.division, sums.division) as division,
    coalesce(expected.month, sums.month) as month,
    {%- for measure in margin_measures().split() %}
    sums.{{ measure }}_amount - expected.{{ measure }}_amount as {{ measure }}_amount
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
from expected
full outer join sums
    on
        expected.division = sums.division
        and expected.month = sums.month
where
    expected.month is null
    {%- for measure in margin_measures().split() %}
    or sums.{{ measure }}_amount is distinct from expected.{{ measure }}_amount
    {%- endfor %}
