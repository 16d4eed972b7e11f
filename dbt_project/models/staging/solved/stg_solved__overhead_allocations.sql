-- Grain: one row per month, service pool with cost, target (department and bucket, or
-- unallocated) and last hop, the pool from which the target got it. Amounts are whole
-- minor units of the reporting currency.
with

source as (

    select * from {{ source('solved', 'overhead_allocations') }}

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
        cast(driver_rank as integer) as driver_rank,
        driver_quantity,
        driver_total,
        share,
        amount_minor
    from source

)

select * from final
