-- Grain: one row per account, month at whose end it pays MRR, score and measure of it:
-- the measure's value and its points of 100.
-- A measure that takes in another score has that score's points for its value and its
-- coverage for its own; any other measure is covered or not.
with

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

health_measures as (

    select * from {{ ref('int_health_measures_overridden') }}
    where weight > 0

),

health_values as (

    select * from {{ ref('int_health_values_by_account_month') }}

),

account_months as (

    select
        account_id,
        month
    from mrr_measures
    where mrr > 0

),

plain as (

    select
        account_months.account_id,
        account_months.month,
        health_measures.score,
        health_measures.measure,
        health_measures.weight,
        health_measures.direction,
        health_measures.floor_value,
        health_measures.ceiling_value,
        health_measures.look_back_days,
        health_values.measure_value,
        {{ measure_points(
            'health_values.measure_value',
            'health_measures.floor_value',
            'health_measures.ceiling_value',
            'health_measures.direction'
        ) }} as points,
        cast(
            case when health_values.measure_value is null then 0 else 1 end
            as decimal(9, 6)
        ) as coverage
    from account_months
    cross join health_measures
    left join health_values
        on
            account_months.account_id = health_values.account_id
            and account_months.month = health_values.month
            and health_measures.measure = health_values.measure
            and health_measures.look_back_days = health_values.look_back_days
    where not health_measures.measure like 'score:%'

),

plain_scores as (

    select
        account_id,
        month,
        score,
        {{ mean_points() }} as points,
        {{ mean_coverage() }} as coverage
    from plain
    group by account_id, month, score

),

rolled_up as (

    select
        account_months.account_id,
        account_months.month,
        health_measures.score,
        health_measures.measure,
        health_measures.weight,
        health_measures.direction,
        health_measures.floor_value,
        health_measures.ceiling_value,
        health_measures.look_back_days,
        cast(plain_scores.points as decimal(24, 6)) as measure_value,
        {{ measure_points(
            'plain_scores.points',
            'health_measures.floor_value',
            'health_measures.ceiling_value',
            'health_measures.direction'
        ) }} as points,
        coalesce(plain_scores.coverage, cast(0 as decimal(9, 6))) as coverage
    from account_months
    cross join health_measures
    left join plain_scores
        on
            account_months.account_id = plain_scores.account_id
            and account_months.month = plain_scores.month
            and health_measures.measure = 'score:' || plain_scores.score
    where health_measures.measure like 'score:%'

),

final as (

    select * from plain
    union all
    select * from rolled_up

)

select * from final
