-- Grain: one row per fitted population (segment type and segment) and months since the
-- cohort month.
with

source as (

    select * from {{ source('solved', 'retention_projections') }}

),

final as (

    select
        segment_type,
        segment,
        cast(months_since as integer) as months_since,
        projected_survival_rate,
        projected_retention_rate
    from source

)

select * from final
