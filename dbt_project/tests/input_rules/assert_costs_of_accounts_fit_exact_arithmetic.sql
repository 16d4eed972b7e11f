-- Cost is split over accounts in exact integers of 38 digits. An amount or a driver
-- quantity so large that a product would not fit is a mistake in the export, and is
-- named before it overflows: together 10^28 minor units times units of the driver, a
-- quantity 10^20 and a share 10^15 minor units.
with

pools as (

    select * from {{ ref('int_account_cost_pools_by_month') }}

),

drivers as (

    select * from {{ ref('int_cost_drivers_by_account_month') }}

),

-- Magnitudes only: a double is exact enough to tell a trillion from a mistake.
largest as (

    select
        driver,
        month,
        max(cast(abs(quantity) as double)) as quantity
    from drivers
    group by driver, month

),

magnitudes as (

    select
        pools.month,
        pools.pool,
        pools.bucket,
        pools.driver,
        pools.amount_minor,
        pools.driver_total,
        largest.quantity as largest_quantity,
        greatest(
            largest.quantity, cast(pools.driver_total as double)
        ) as quantity,
        abs(cast(pools.amount_minor as double)) as amount
    from pools
    inner join largest
        on
            pools.driver = largest.driver
            and pools.month = largest.month
    where pools.driver_total > 0

)

select
    month,
    pool,
    bucket,
    driver,
    amount_minor,
    driver_total,
    'Pool '
    || pool
    || ' of '
    || cast(amount_minor as string)
    || ' minor units cannot be split exactly by '
    || driver
    || ', whose quantities are too large.' as reason
from magnitudes
where
    quantity > 1e20
    or amount * quantity > 1e28
    or amount * largest_quantity > 1e15 * cast(driver_total as double)
