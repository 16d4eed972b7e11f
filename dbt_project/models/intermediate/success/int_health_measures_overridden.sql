-- Grain: one row per score and measure that it is made of.
-- The company's own row replaces the project's default of the same key as a whole.
with

default_rows as (

    select * from {{ ref('health_measures') }}

),

company_rows as (

    select * from {{ ref('stg_policy__health_measures') }}

),

final as (

    select
        default_rows.score,
        default_rows.measure,
        default_rows.weight,
        default_rows.direction,
        default_rows.floor_value,
        default_rows.ceiling_value,
        default_rows.look_back_days,
        default_rows.why
    from default_rows
    left join company_rows
        on
            default_rows.score = company_rows.score
            and default_rows.measure = company_rows.measure
    where company_rows.score is null
    union all
    select
        score,
        measure,
        weight,
        direction,
        floor_value,
        ceiling_value,
        look_back_days,
        why
    from company_rows

)

select * from final
