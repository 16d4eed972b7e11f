-- A score without a sum of 100, or a measure that nobody knows, would be a number all
-- the same. Scores roll up once: one that is taken in takes in none itself.
with

health_measures as (

    select * from {{ ref('int_health_measures_overridden') }}

),

known_measures as (

    {%- for measure in measures_of_health().split() %}
    select '{{ measure }}' as known_measure
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

summed as (

    select
        score,
        sum(weight) as weight,
        max(case when measure like 'score:%' and weight > 0 then 1 else 0 end)
            as takes_in_scores
    from health_measures
    group by score

),

findings as (

    select
        health_measures.score,
        health_measures.measure,
        'measure' as column_name,
        coalesce(health_measures.measure, 'NULL') as rejected_value,
        'Expected a measure of fct_health_by_account_month, such as usage, or score:'
        || ' and the name of a score.' as reason
    from health_measures
    left join known_measures
        on health_measures.measure = known_measures.known_measure
    where
        known_measures.known_measure is null
        and coalesce(not health_measures.measure like 'score:%', true)
    union all
    select
        health_measures.score,
        health_measures.measure,
        'measure' as column_name,
        health_measures.measure as rejected_value,
        'Expected a score that measures are listed of, with weight, and that takes in'
        || ' no other score.' as reason
    from health_measures
    left join summed
        on health_measures.measure = 'score:' || summed.score
    where
        health_measures.measure like 'score:%'
        and health_measures.weight > 0
        and coalesce(summed.weight <= 0 or summed.takes_in_scores = 1, true)
    union all
    select
        score,
        'all' as measure,
        'weight' as column_name,
        cast(weight as string) as rejected_value,
        'Expected weights that sum to 100 in each score, or are all 0.' as reason
    from summed
    where
        weight <> 100
        and weight <> 0
    union all
    select
        score,
        measure,
        'weight' as column_name,
        coalesce(cast(weight as string), 'NULL') as rejected_value,
        'Expected a weight from 0 to 100.' as reason
    from health_measures
    where coalesce(weight < 0 or weight > 100, true)
    union all
    select
        score,
        measure,
        'direction' as column_name,
        coalesce(direction, 'NULL') as rejected_value,
        'Expected higher or lower.' as reason
    from health_measures
    where coalesce(direction not in ('higher', 'lower'), true)
    union all
    select
        score,
        measure,
        'ceiling_value' as column_name,
        coalesce(cast(ceiling_value as string), 'NULL') as rejected_value,
        'Expected a ceiling above the floor.' as reason
    from health_measures
    where coalesce(ceiling_value <= floor_value, true)
    union all
    select
        score,
        measure,
        'look_back_days' as column_name,
        coalesce(cast(look_back_days as string), 'NULL') as rejected_value,
        'Expected a whole number of days from 0 to 3660, and at least 1 where a measure'
        || ' looks back.' as reason
    from health_measures
    where
        coalesce(look_back_days < 0 or look_back_days > 3660, true)
        or (
            look_back_days = 0
            and measure in ('usage', 'adoption', 'support', 'nps', 'csm_rating')
        )
)

select
    'policy.health_measures' as raw_table,
    coalesce(score, 'NULL') || ', ' || coalesce(measure, 'NULL') as row_id,
    column_name,
    rejected_value,
    reason
from findings
