-- Grain: one row per benchmark of a gross margin that the company has set itself.
with

source as (

    select * from {{ source('policy', 'benchmarks') }}

),

final as (

    select
        benchmark,
        margin,
        rate,
        source,
        why
    from source

)

select * from final
