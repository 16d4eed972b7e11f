-- Grain: one row per run before the one that built this version.
with

runs as (

    select * from {{ ref('stg_control__runs') }}

),

final as (

    select
        run_id,
        started_at,
        finished_at,
        status,
        tests_passed,
        tests_failed,
        published_version
    from runs

)

select * from final
