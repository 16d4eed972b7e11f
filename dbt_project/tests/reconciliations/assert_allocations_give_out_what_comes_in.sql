-- For each month and pool, what departments got of it and what is unallocated is the
-- pool, and so is what buckets or accounts got. A returned row shows by how much one is
-- off, and on which way.
with

allocations as (

    select * from {{ ref('fct_cost_allocations') }}

),

flows as (

    select * from {{ ref('int_overhead_flows_by_month') }}

),

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

account_pools as (

    select * from {{ ref('int_account_cost_pools_by_month') }}

),

account_row_counts as (

    select count(*) as account_row_count from {{ ref('int_costs_by_account_month') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

overhead_pools as (

    select distinct
        month,
        pool,
        amount_minor
    from flows

),

amounts_in as (

    select
        month,
        pool,
        'departments' as way,
        amount_minor
    from overhead_pools
    union all
    select
        month,
        pool,
        'buckets' as way,
        amount_minor
    from overhead_pools
    union all
    select
        month,
        pool,
        'classified' as way,
        amount_minor
    from cost_lines
    where bucket <> 'overhead'
    union all
    select
        account_pools.month,
        account_pools.pool,
        'accounts' as way,
        account_pools.amount_minor
    from account_pools
    cross join account_row_counts
    cross join run_settings
    where
        account_row_counts.account_row_count
        <= run_settings.allocation_account_rows_limit

),

-- What is unallocated of a pool of overhead stands on both its ways.
amounts_out as (

    select
        month,
        pool,
        case
            when method = 'proportional' then 'accounts'
            when method = 'classified' then 'classified'
            when target_type = 'bucket' then 'buckets'
            else 'departments'
        end as way,
        allocated_amount
    from allocations
    union all
    select
        month,
        pool,
        'buckets' as way,
        allocated_amount
    from allocations
    where
        method not in ('proportional', 'classified')
        and target_type = 'unallocated'

),

sums_in as (

    select
        amounts_in.month,
        amounts_in.pool,
        amounts_in.way,
        {{ minor_to_amount(
            'sum(amounts_in.amount_minor)', 'max(currencies.minor_unit_digits)'
        ) }} as amount
    from amounts_in
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    group by amounts_in.month, amounts_in.pool, amounts_in.way

),

sums_out as (

    select
        month,
        pool,
        way,
        sum(allocated_amount) as amount
    from amounts_out
    group by month, pool, way

)

select
    coalesce(sums_in.month, sums_out.month) as month,
    coalesce(sums_in.pool, sums_out.pool) as pool,
    coalesce(sums_in.way, sums_out.way) as way,
    coalesce(sums_in.amount, 0) as amount_in,
    coalesce(sums_out.amount, 0) as amount_out,
    coalesce(sums_out.amount, 0) - coalesce(sums_in.amount, 0) as difference
from sums_in
full outer join sums_out
    on
        sums_in.month = sums_out.month
        and sums_in.pool = sums_out.pool
        and sums_in.way = sums_out.way
where coalesce(sums_in.amount, 0) <> coalesce(sums_out.amount, 0)
