-- Grain: one row per account, month at whose end it pays MRR, and score: its points of
-- 100, and the share of its weight that they rest on.
-- What is not known is left out: the rest is weighted as if it were all. A score of
-- which nothing is known has no points.
with

measures as (

    select * from {{ ref('int_health_measures_scored') }}

),

final as (

    select
        account_id,
        month,
        score,
        {{ mean_points() }} as points,
        {{ mean_coverage() }} as coverage
    from measures
    group by account_id, month, score

)

select * from final
