-- Grain: one row per month, pool of overhead, driver and whom it may serve; one with
-- nobody for a pool that no driver of it leads anywhere. What the solver reads.
-- A pool that is shared within a location is one pool for each. It serves departments,
-- by the bucket that their people work in, and the people of other pools that are not
-- of a location. Quantities are days of full-time work, or minor units of pay.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

headcount as (

    select * from {{ ref('int_headcount_by_month') }}

),

drivers as (

    select * from {{ ref('int_allocation_drivers_ranked') }}

),

located_pools as (

    select pool from drivers
    where
        driver_rank = 1
        and driver = 'headcount_in_location'

),

posted_pools as (

    select
        cost_lines.month,
        cost_lines.pool,
        case
            when located_pools.pool is not null
                then coalesce(cost_lines.location, 'none')
        end as location,
        cost_lines.amount_minor
    from cost_lines
    left join located_pools
        on cost_lines.pool = located_pools.pool
    where cost_lines.bucket = 'overhead'

),

work as (

    select
        month,
        'days' as measure,
        department,
        location,
        bucket,
        pool,
        fte_days as quantity
    from headcount
    union all
    select
        month,
        'pay' as measure,
        department,
        location,
        bucket,
        pool,
        amount_minor as quantity
    from cost_lines
    where account_role = 'people'

),

-- Who may be served, and how much.
people as (

    select
        work.month,
        work.measure,
        case when work.bucket = 'overhead' then 'service_pool' else 'department' end
            as target_type,
        case
            when work.bucket = 'overhead' then work.pool
            else coalesce(work.department, 'none')
        end as target,
        case when work.bucket <> 'overhead' then work.bucket end as target_bucket,
        coalesce(work.location, 'none') as location,
        work.quantity
    from work
    left join located_pools
        on work.pool = located_pools.pool
    where
        work.bucket <> 'overhead'
        or located_pools.pool is null

),

all_pools as (

    select
        month,
        pool,
        location,
        amount_minor
    from posted_pools
    union all
    -- Who works for a pool is served by the others, even where nothing is posted to it.
    select
        month,
        target as pool,
        cast(null as string) as location,
        cast(0 as decimal(20, 0)) as amount_minor
    from people
    where
        measure = 'days'
        and target_type = 'service_pool'
        and quantity > 0

),

pools as (

    select
        month,
        pool as rule_pool,
        location,
        pool || coalesce(': ' || location, '') as pool,
        cast(sum(amount_minor) as decimal(20, 0)) as amount_minor
    from all_pools
    group by month, pool, location

),

pool_drivers as (

    select
        pools.month,
        pools.pool,
        pools.location,
        drivers.driver_rank,
        drivers.driver
    from pools
    inner join drivers
        on pools.rule_pool = drivers.pool

),

served as (

    select
        pool_drivers.month,
        pool_drivers.pool,
        pool_drivers.driver_rank,
        pool_drivers.driver,
        people.target_type,
        people.target,
        people.target_bucket,
        people.quantity
    from pool_drivers
    inner join people
        on pool_drivers.month = people.month
    where
        (
            people.measure = 'days'
            and (
                pool_drivers.driver = 'headcount'
                or (
                    pool_drivers.driver = 'headcount_in_location'
                    and pool_drivers.location = people.location
                )
            )
        )
        or (
            people.measure = 'pay'
            and pool_drivers.driver = 'people_cost'
        )

),

flows as (

    select
        month,
        pool,
        driver_rank,
        driver,
        target_type,
        target,
        target_bucket,
        sum(quantity) as quantity
    from served
    -- Nobody serves themselves.
    where not (target_type = 'service_pool' and target = pool)
    group by month, pool, driver_rank, driver, target_type, target, target_bucket
    having sum(quantity) > 0

),

final as (

    select
        pools.month,
        pools.pool,
        -- What identifies a row of a pool and month, since a pool has no bucket.
        coalesce(
            cast(flows.driver_rank as string)
            || ': '
            || flows.target
            || coalesce(' (' || flows.target_bucket || ')', ''),
            'none'
        ) as flow,
        pools.amount_minor,
        flows.driver_rank,
        flows.driver,
        flows.target_type,
        flows.target,
        flows.target_bucket,
        cast(flows.quantity as decimal(38, 12)) as quantity
    from pools
    left join flows
        on
            pools.month = flows.month
            and pools.pool = flows.pool

)

select * from final
