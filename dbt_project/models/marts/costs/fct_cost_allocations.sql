-- Grain: one row per month, method, pool, department it comes from and target: every
-- allocated amount, with what it was allocated by. Definitions 7.
-- A pool of overhead goes to departments (and, by the buckets that their people work
-- in, to buckets) by the method of the policy; a posted pool is classified into its
-- bucket; a pool of what customers buy goes to accounts in proportion, whose rows are
-- shown up to a number of them that a policy sets.
with

overhead as (

    select * from {{ ref('int_overhead_allocated_by_month') }}

),

flows as (

    select * from {{ ref('int_overhead_flows_by_month') }}

),

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

account_costs as (

    select * from {{ ref('int_costs_by_account_month') }}

),

account_pools as (

    select * from {{ ref('int_account_cost_pools_by_month') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

-- A department is reached by each pool that hands on to it, for all of its people.
departments as (

    select
        month,
        method,
        pool,
        from_pool as from_department,
        target_type,
        target as target_id,
        'overhead' as bucket,
        driver,
        coalesce(driver_rank > 1, false) as is_fallback,
        sum(driver_quantity) as driver_quantity,
        driver_total,
        sum(share) as share,
        sum(amount_minor) as amount_minor
    from overhead
    group by
        month,
        method,
        pool,
        from_pool,
        target_type,
        target,
        driver,
        driver_rank,
        driver_total

),

pool_amounts as (

    select distinct
        month,
        pool,
        amount_minor
    from flows

),

department_buckets as (

    select
        overhead.month,
        overhead.method,
        overhead.pool,
        overhead.target as from_department,
        'bucket' as target_type,
        overhead.target_bucket as target_id,
        overhead.target_bucket as bucket,
        'people' as driver,
        false as is_fallback,
        sum(overhead.amount_minor) as driver_quantity,
        pool_amounts.amount_minor as driver_total,
        sum(overhead.share) as share,
        sum(overhead.amount_minor) as amount_minor
    from overhead
    inner join pool_amounts
        on
            overhead.month = pool_amounts.month
            and overhead.pool = pool_amounts.pool
    where overhead.target_type = 'department'
    group by
        overhead.month,
        overhead.method,
        overhead.pool,
        overhead.target,
        overhead.target_bucket,
        pool_amounts.amount_minor

),

posted as (

    select
        month,
        pool,
        coalesce(department, 'none') as from_department,
        bucket,
        amount_minor
    from cost_lines
    where bucket <> 'overhead'

),

posted_by_department as (

    select
        month,
        pool,
        from_department,
        bucket,
        sum(amount_minor) as amount_minor
    from posted
    group by month, pool, from_department, bucket
    having sum(amount_minor) <> 0

),

classified as (

    select
        month,
        'classified' as method,
        pool,
        from_department,
        'bucket' as target_type,
        bucket as target_id,
        bucket,
        'posted' as driver,
        false as is_fallback,
        cast(amount_minor as decimal(38, 12)) as driver_quantity,
        cast(
            sum(amount_minor) over (partition by month, pool) as decimal(38, 12)
        ) as driver_total,
        amount_minor
    from posted_by_department

),

account_row_counts as (

    select count(*) as account_row_count from account_costs

),

shown_account_costs as (

    select account_costs.*
    from account_costs
    cross join account_row_counts
    cross join run_settings
    where
        account_row_counts.account_row_count
        <= run_settings.allocation_account_rows_limit

),

accounts as (

    select
        shown_account_costs.month,
        'proportional' as method,
        shown_account_costs.pool,
        'all' as from_department,
        case
            when shown_account_costs.account_id = 'unallocated' then 'unallocated'
            else 'account'
        end as target_type,
        shown_account_costs.account_id as target_id,
        shown_account_costs.bucket,
        shown_account_costs.driver,
        coalesce(account_pools.driver_rank > 1, false) as is_fallback,
        cast(shown_account_costs.driver_quantity as decimal(38, 12)) as driver_quantity,
        cast(shown_account_costs.driver_total as decimal(38, 12)) as driver_total,
        shown_account_costs.amount_minor
    from shown_account_costs
    left join account_pools
        on
            shown_account_costs.month = account_pools.month
            and shown_account_costs.pool = account_pools.pool
            and shown_account_costs.bucket = account_pools.bucket

),

proportional as (

    select
        *,
        {{ exact_integer('driver_quantity * 1000000') }} as quantity,
        {{ exact_integer('driver_total * 1000000') }} as total
    from accounts
    union all
    select
        *,
        {{ exact_integer('driver_quantity * 1000000') }} as quantity,
        {{ exact_integer('driver_total * 1000000') }} as total
    from classified

),

-- Each way has the same types: a union of others would cut decimals.
allocations as (

    select
        month,
        method,
        pool,
        from_department,
        target_type,
        target_id,
        bucket,
        driver,
        is_fallback,
        cast(driver_quantity as decimal(38, 12)) as driver_quantity,
        cast(driver_total as decimal(38, 12)) as driver_total,
        cast(round(share, 12) as decimal(38, 12)) as share,
        amount_minor
    from departments
    union all
    select
        month,
        method,
        pool,
        from_department,
        target_type,
        target_id,
        bucket,
        driver,
        is_fallback,
        cast(driver_quantity as decimal(38, 12)) as driver_quantity,
        cast(driver_total as decimal(38, 12)) as driver_total,
        cast(round(share, 12) as decimal(38, 12)) as share,
        amount_minor
    from department_buckets
    union all
    select
        month,
        method,
        pool,
        from_department,
        target_type,
        target_id,
        bucket,
        driver,
        is_fallback,
        driver_quantity,
        driver_total,
        case
            when target_type = 'unallocated' then cast(1 as decimal(38, 12))
            when total <> 0
                then
                    cast(
                        cast(
                            {{ round_signed_quotient(
                                'quantity * ' ~ exact_integer('1000000000000'), 'total'
                            ) }} as decimal(26, 0)
                        ) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
                    )
        end as share,
        amount_minor
    from proportional

),

final as (

    select
        allocations.month,
        allocations.method,
        allocations.pool,
        allocations.from_department,
        allocations.target_type,
        allocations.target_id,
        allocations.bucket,
        allocations.driver,
        allocations.is_fallback,
        allocations.driver_quantity,
        allocations.driver_total,
        allocations.share,
        {{ minor_to_amount(
            'allocations.amount_minor', 'currencies.minor_unit_digits'
        ) }} as allocated_amount
    from allocations
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code

)

select * from final
