-- Grain: one row per month, pool and bucket of costs that accounts cause, with the
-- driver that shares them.
-- Beside the pools that were posted, the overhead that followed the people of a bucket
-- is a pool that is shared like the pool of that bucket's name. Of a rule's drivers the
-- first with a quantity in the month decides; where none has, the costs stay
-- unallocated.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

overhead as (

    select * from {{ ref('int_overhead_allocated_by_month') }}

),

drivers as (

    select * from {{ ref('int_allocation_drivers_ranked') }}

),

driver_quantities as (

    select * from {{ ref('int_cost_drivers_by_account_month') }}

),

-- What the customer buys, and customer success, which a policy may count with it.
account_buckets as (

    {%- for bucket in direct_buckets().split() %}
    select '{{ bucket }}' as bucket
    union all
    {%- endfor %}
    select 'customer_success' as bucket

),

pools as (

    select
        cost_lines.month,
        cost_lines.pool,
        cost_lines.bucket,
        cost_lines.bucket as followed_bucket,
        cost_lines.pool as rule_pool,
        sum(cost_lines.amount_minor) as amount_minor
    from cost_lines
    inner join account_buckets
        on cost_lines.bucket = account_buckets.bucket
    group by cost_lines.month, cost_lines.pool, cost_lines.bucket
    union all
    select
        overhead.month,
        'overhead: ' || overhead.target_bucket as pool,
        'overhead' as bucket,
        overhead.target_bucket as followed_bucket,
        overhead.target_bucket as rule_pool,
        sum(overhead.amount_minor) as amount_minor
    from overhead
    inner join account_buckets
        on overhead.target_bucket = account_buckets.bucket
    group by overhead.month, overhead.target_bucket

),

driver_totals as (

    select
        month,
        driver,
        cast(sum(quantity) as decimal(38, 6)) as driver_total
    from driver_quantities
    group by month, driver
    having sum(quantity) > 0

),

pool_drivers as (

    select
        pools.month,
        pools.pool,
        pools.bucket,
        drivers.driver,
        drivers.driver_rank,
        driver_totals.driver_total,
        row_number() over (
            partition by pools.month, pools.pool, pools.bucket
            order by drivers.driver_rank
        ) as driver_number
    from pools
    inner join drivers
        on pools.rule_pool = drivers.pool
    inner join driver_totals
        on
            pools.month = driver_totals.month
            and drivers.driver = driver_totals.driver

),

final as (

    select
        pools.month,
        pools.pool,
        pools.bucket,
        pools.followed_bucket,
        case
            when pools.followed_bucket = 'services' then 'services'
            else 'subscription'
        end as margin_line,
        cast(pools.amount_minor as decimal(20, 0)) as amount_minor,
        pool_drivers.driver,
        pool_drivers.driver_rank,
        pool_drivers.driver_total
    from pools
    left join pool_drivers
        on
            pools.month = pool_drivers.month
            and pools.pool = pool_drivers.pool
            and pools.bucket = pool_drivers.bucket
            and pool_drivers.driver_number = 1
    where pools.amount_minor <> 0

)

select * from final
