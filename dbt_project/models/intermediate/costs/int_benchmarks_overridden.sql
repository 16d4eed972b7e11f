-- Grain: one row per benchmark of a gross margin.
-- The company's own row replaces the project's default of the same name as a whole.
with

default_benchmarks as (

    select * from {{ ref('benchmarks') }}

),

company_benchmarks as (

    select * from {{ ref('stg_policy__benchmarks') }}

),

final as (

    select
        default_benchmarks.benchmark,
        default_benchmarks.margin,
        default_benchmarks.rate,
        default_benchmarks.source,
        default_benchmarks.why
    from default_benchmarks
    left join company_benchmarks
        on default_benchmarks.benchmark = company_benchmarks.benchmark
    where company_benchmarks.benchmark is null
    union all
    select
        benchmark,
        margin,
        rate,
        source,
        why
    from company_benchmarks

)

select * from final
