-- Grain: one row per account and month at whose end it pays MRR: its health (the score
-- that policy health_score names) and the band that it lies in, green, yellow, red, or
-- unknown where nothing is known of it, or less than policy health_minimum_coverage.
with

scores as (

    select * from {{ ref('int_health_scores_by_account_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        scores.account_id,
        scores.month,
        scores.points as health_points,
        scores.coverage,
        case
            when scores.coverage < run_settings.health_minimum_coverage then 'unknown'
            when scores.points >= run_settings.health_green_from then 'green'
            when scores.points >= run_settings.health_yellow_from then 'yellow'
            when scores.points is not null then 'red'
            else 'unknown'
        end as health_band
    from scores
    inner join run_settings
        on scores.score = run_settings.health_score

)

select * from final
