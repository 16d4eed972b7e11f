-- Grain: one row per month, pool of overhead, pool that handed it on last, and whom it
-- reached.
-- What no solution is there for reached nobody, and is unallocated like what no driver
-- leads anywhere.
with

allocations as (

    select * from {{ ref('stg_solved__overhead_allocations') }}

),

flows as (

    select * from {{ ref('int_overhead_flows_by_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

pools as (

    select distinct
        month,
        pool,
        amount_minor
    from flows

),

solved_pools as (

    select distinct
        month,
        pool
    from allocations

),

final as (

    select
        month,
        method,
        pool,
        from_pool,
        target_type,
        target,
        target_bucket,
        driver,
        driver_rank,
        driver_quantity,
        driver_total,
        share,
        amount_minor
    from allocations
    union all
    select
        pools.month,
        run_settings.allocation_method as method,
        pools.pool,
        pools.pool as from_pool,
        'unallocated' as target_type,
        'unallocated' as target,
        '' as target_bucket,
        cast(null as string) as driver,
        cast(null as integer) as driver_rank,
        cast(null as decimal(38, 12)) as driver_quantity,
        cast(null as decimal(38, 12)) as driver_total,
        cast(1 as decimal(20, 18)) as share,
        pools.amount_minor
    from pools
    cross join run_settings
    left join solved_pools
        on
            pools.month = solved_pools.month
            and pools.pool = solved_pools.pool
    where
        solved_pools.pool is null
        and pools.amount_minor <> 0

)

select * from final
