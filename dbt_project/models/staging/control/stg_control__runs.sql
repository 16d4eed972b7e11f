-- Grain: one row per run before this one.
with

source as (

    select * from {{ source('control', 'runs') }}

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
    from source

)

select * from final
