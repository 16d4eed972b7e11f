-- What channels have together is the funnel of all of them; a visitor who came by two
-- channels counts in both and once in all. No stage is larger than the one before it
-- among the leads of a month.
{%- set measures = [
    'visits', 'leads', 'mqls', 'sqls', 'opportunities', 'customers',
    'customers_without_lead', 'leads_to_mqls', 'leads_to_sqls',
    'leads_to_opportunities', 'leads_to_customers', 'trials', 'trials_to_customers',
    'sign_ups', 'sign_ups_to_customers'
] %}
with

funnel as (

    select * from {{ ref('fct_funnel_by_month') }}

),

sums as (

    select
        month,
        {%- for measure in measures + ['visitors'] %}
        sum(case when channel = 'all' then {{ measure }} else 0 end)
            as all_{{ measure }},
        sum(case when channel <> 'all' then {{ measure }} else 0 end)
            as sum_of_{{ measure }},
        {%- endfor %}
        max(case when channel <> 'all' then visitors else 0 end) as most_visitors
    from funnel
    group by month

),

findings as (

    {%- for measure in measures %}
    select
        month,
        '{{ measure }}' as measure,
        'all' as channel,
        sum_of_{{ measure }} as expected,
        all_{{ measure }} as actual
    from sums
    where sum_of_{{ measure }} <> all_{{ measure }}
    union all
    {%- endfor %}
    select
        month,
        'visitors' as measure,
        'all' as channel,
        sum_of_visitors as expected,
        all_visitors as actual
    from sums
    where
        all_visitors > sum_of_visitors
        or all_visitors < most_visitors
    {%- for measure, larger in [
        ('leads_to_mqls', 'leads'), ('leads_to_sqls', 'leads_to_mqls'),
        ('leads_to_opportunities', 'leads_to_sqls'),
        ('leads_to_customers', 'leads_to_opportunities'),
        ('trials_to_customers', 'trials'), ('sign_ups_to_customers', 'sign_ups'),
        ('customers_without_lead', 'customers')
    ] %}
    union all
    select
        month,
        '{{ measure }}' as measure,
        channel,
        {{ larger }} as expected,
        {{ measure }} as actual
    from funnel
    where {{ measure }} > {{ larger }}
    {%- endfor %}

)

select
    month,
    measure,
    channel,
    expected,
    actual
from findings
