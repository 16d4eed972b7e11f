-- Each pool that costs are in needs a driver that is known and that allocates to what
-- the pool serves: overhead to departments, everything else to accounts.
with

rules as (

    select * from {{ ref('int_allocation_rules_overridden') }}

),

drivers as (

    select * from {{ ref('allocation_drivers') }}

),

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

headcount as (

    select * from {{ ref('int_headcount_by_month') }}

),

pools_in_use as (

    select
        pool,
        'account' as allocates_to
    from cost_lines
    where
        bucket in ({{ quoted_direct_buckets() }})
        or bucket = 'customer_success'
    union
    select
        pool,
        'department' as allocates_to
    from cost_lines
    where bucket = 'overhead'
    union
    select
        pool,
        'department' as allocates_to
    from headcount
    where bucket = 'overhead'

),

-- Between blanks, so that a driver is found as a whole word.
spelled as (

    select
        pool,
        driver,
        fallback_drivers,
        ' ' || replace(fallback_drivers, ' ', '  ') || ' ' as padded_fallbacks,
        case
            when fallback_drivers = '' then 0
            else
                length(fallback_drivers)
                - length(replace(fallback_drivers, ' ', ''))
                + 1
        end as fallback_count
    from rules

),

known_fallbacks as (

    select
        spelled.pool,
        count(*) as known_count
    from spelled
    inner join drivers
        on
            length(replace(spelled.padded_fallbacks, ' ' || drivers.driver || ' ', ''))
            < length(spelled.padded_fallbacks)
    group by spelled.pool

),

drivers_of_pools as (

    select
        spelled.pool,
        drivers.driver,
        drivers.allocates_to
    from spelled
    inner join drivers
        on
            spelled.driver = drivers.driver
            or length(
                replace(spelled.padded_fallbacks, ' ' || drivers.driver || ' ', '')
            ) < length(spelled.padded_fallbacks)

),

findings as (

    select
        pools_in_use.pool,
        'pool' as column_name,
        pools_in_use.pool as rejected_value,
        'Costs are in this pool and no rule of policy allocation_rules says how it is'
        || ' allocated: add one.' as reason
    from pools_in_use
    left join rules
        on pools_in_use.pool = rules.pool
    where rules.pool is null
    union all
    select
        rules.pool,
        'driver' as column_name,
        rules.driver as rejected_value,
        'Expected a driver of seeds/reference/allocation_drivers.csv.' as reason
    from rules
    left join drivers
        on rules.driver = drivers.driver
    where drivers.driver is null
    union all
    select
        spelled.pool,
        'fallback_drivers' as column_name,
        spelled.fallback_drivers as rejected_value,
        'Expected drivers of seeds/reference/allocation_drivers.csv, each once and'
        || ' separated by single blanks, or nothing.' as reason
    from spelled
    left join known_fallbacks
        on spelled.pool = known_fallbacks.pool
    where spelled.fallback_count <> coalesce(known_fallbacks.known_count, 0)
    union all
    select
        drivers_of_pools.pool,
        'driver' as column_name,
        drivers_of_pools.driver as rejected_value,
        'Expected a driver that allocates to '
        || pools_in_use.allocates_to
        || 's: that is what the costs of this pool serve.' as reason
    from drivers_of_pools
    inner join pools_in_use
        on
            drivers_of_pools.pool = pools_in_use.pool
            and drivers_of_pools.allocates_to <> pools_in_use.allocates_to

)

select
    'policy.allocation_rules' as raw_table,
    coalesce(pool, 'NULL') as row_id,
    column_name,
    coalesce(rejected_value, 'NULL') as rejected_value,
    reason
from findings
