-- Grain: one row per account, month at whose end it pays MRR, score and measure of it.
with

measures as (

    select * from {{ ref('int_health_measures_scored') }}

),

final as (

    select
        account_id,
        month,
        score,
        measure,
        cast(weight as decimal(9, 4)) as weight,
        direction,
        cast(floor_value as decimal(18, 6)) as floor_value,
        cast(ceiling_value as decimal(18, 6)) as ceiling_value,
        cast(look_back_days as bigint) as look_back_days,
        cast(measure_value as decimal(24, 6)) as measure_value,
        cast(points as decimal(9, 4)) as points,
        cast(coverage as decimal(9, 6)) as coverage
    from measures

)

select * from final
