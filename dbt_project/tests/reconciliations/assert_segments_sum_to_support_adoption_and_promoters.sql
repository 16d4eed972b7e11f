-- Every ticket, answer and seat stands in one segment of each type. A returned row
-- shows a month in which the segments of a type do not sum to it.
{%- set measures = {
    'support': ['tickets', 'answered_tickets', 'breached_tickets', 'open_tickets'],
    'nps': ['respondents', 'promoters', 'detractors'],
    'adoption': [
        'seats_active', 'seats_paid', 'daily_active_user_days', 'touchpoints',
        'activated_accounts'
    ]
} %}
with

segment_types as (

    {%- for segment_type in account_segment_types().split() %}
    select '{{ segment_type }}' as segment_type
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

of_months as (

    {%- for topic in measures %}
    {%- set is_last_topic = loop.last %}
    {%- for measure in measures[topic] %}
    select
        '{{ measure }}' as measure,
        month,
        {{ measure }} as quantity
    from {{ ref('fct_' ~ topic ~ '_by_month') }}
    {%- if not (loop.last and is_last_topic) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

of_segments as (

    {%- for topic in measures %}
    {%- set is_last_topic = loop.last %}
    {%- for measure in measures[topic] %}
    select
        segment_type,
        '{{ measure }}' as measure,
        month,
        sum({{ measure }}) as quantity
    from {{ ref('fct_' ~ topic ~ '_by_segment_month') }}
    group by segment_type, month
    {%- if not (loop.last and is_last_topic) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

expected as (

    select
        segment_types.segment_type,
        of_months.measure,
        of_months.month,
        of_months.quantity
    from of_months
    cross join segment_types

)

select
    coalesce(expected.segment_type, of_segments.segment_type) as segment_type,
    coalesce(expected.measure, of_segments.measure) as measure,
    coalesce(expected.month, of_segments.month) as month,
    expected.quantity as quantity_of_the_month,
    of_segments.quantity as quantity_of_segments
from expected
full outer join of_segments
    on
        expected.segment_type = of_segments.segment_type
        and expected.measure = of_segments.measure
        and expected.month = of_segments.month
where coalesce(expected.quantity, 0) <> coalesce(of_segments.quantity, 0)
