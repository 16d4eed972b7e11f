-- Grain: one row per score and measure of health that the company has set itself.
with

source as (

    select * from {{ source('policy', 'health_measures') }}

),

final as (

    select
        score,
        measure,
        weight,
        direction,
        floor_value,
        ceiling_value,
        look_back_days,
        why
    from source

)

select * from final
