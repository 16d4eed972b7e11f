-- Grain: one row per control of costs in themselves, period, dimension, side, match
-- key, document and row label.
-- No cent may be lost between the ledger and the accounts: expense lines and the parts
-- that they are classified as, pools and what they are allocated to. Where both sides
-- agree they are one row each; where they do not, the lines of the ledger are named.
with

ledger_lines as (

    select * from {{ ref('int_ledger_lines') }}

),

ledger_accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_classed') }}

),

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

overhead as (

    select * from {{ ref('int_overhead_allocated_by_month') }}

),

account_costs as (

    select * from {{ ref('int_costs_by_account_month') }}

),

operating_costs as (

    select * from {{ ref('int_operating_costs_by_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

digits as (

    select
        run_settings.reporting_currency_code as currency_code,
        currencies.minor_unit_digits
    from run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code

),

-- Expense lines as they are posted, by account.
posted_lines as (

    select
        ledger_lines.transaction_id,
        ledger_lines.transaction_line_id,
        ledger_lines.month,
        trim(
            coalesce(ledger_accounts.account_number, '')
            || ' '
            || coalesce(ledger_accounts.account_name, ledger_accounts.account_id)
        ) as dimension,
        ledger_lines.amount
    from ledger_lines
    inner join ledger_accounts
        on ledger_lines.account_id = ledger_accounts.account_id
    inner join entries
        on ledger_lines.transaction_id = entries.transaction_id
    where
        {{ is_expense_account('ledger_accounts.account_type') }}
        and not entries.is_closing

),

classified_lines as (

    select
        cost_lines.transaction_id,
        cost_lines.transaction_line_id,
        max(cost_lines.month) as month,
        max(
            trim(
                coalesce(cost_lines.account_number, '')
                || ' '
                || coalesce(cost_lines.account_name, cost_lines.account_id)
            )
        ) as dimension,
        {{ minor_to_amount(
            'sum(cost_lines.amount_minor)', 'max(cost_lines.minor_unit_digits)'
        ) }} as amount
    from cost_lines
    group by cost_lines.transaction_id, cost_lines.transaction_line_id

),

compared_lines as (

    select
        coalesce(posted_lines.transaction_id, classified_lines.transaction_id)
            as transaction_id,
        coalesce(
            posted_lines.transaction_line_id, classified_lines.transaction_line_id
        ) as transaction_line_id,
        posted_lines.month as posted_month,
        posted_lines.dimension as posted_dimension,
        posted_lines.amount as posted_amount,
        classified_lines.month as classified_month,
        classified_lines.dimension as classified_dimension,
        classified_lines.amount as classified_amount,
        coalesce(
            posted_lines.month = classified_lines.month
            and posted_lines.dimension = classified_lines.dimension
            and posted_lines.amount = classified_lines.amount,
            false
        ) as is_equal
    from posted_lines
    full outer join classified_lines
        on
            posted_lines.transaction_id = classified_lines.transaction_id
            and posted_lines.transaction_line_id
            = classified_lines.transaction_line_id

),

expense_rows as (

    select
        'expenses_by_account' as control,
        posted_month as period,
        posted_dimension as dimension,
        'expected' as side,
        case when is_equal then '' else transaction_id end as match_key,
        case
            when is_equal then 'all other ledger lines'
            else
                'ledger.transactionline '
                || transaction_id
                || '/'
                || transaction_line_id
        end as row_label,
        posted_amount as amount
    from compared_lines
    where posted_month is not null
    union all
    select
        'expenses_by_account' as control,
        classified_month as period,
        classified_dimension as dimension,
        'actual' as side,
        case when is_equal then '' else transaction_id end as match_key,
        case
            when is_equal then 'the costs of all other ledger lines'
            else
                'the costs of ledger.transactionline '
                || transaction_id
                || '/'
                || transaction_line_id
        end as row_label,
        classified_amount as amount
    from compared_lines
    where classified_month is not null

),

-- What was posted to the buckets that accounts bear, and to overhead, pool by pool; a
-- pool of overhead that is shared by location is one pool for each there.
overhead_pools as (

    select distinct
        month,
        pool
    from cost_lines
    where bucket = 'overhead'

),

overhead_of_pools as (

    select
        overhead.month,
        coalesce(overhead_pools.pool, overhead.pool) as pool,
        overhead.target_bucket,
        overhead.amount_minor
    from overhead
    left join overhead_pools
        on
            overhead.month = overhead_pools.month
            and (
                overhead.pool = overhead_pools.pool
                or overhead.pool like overhead_pools.pool || ': %'
            )

),

account_buckets as (

    {%- for bucket in direct_buckets().split() %}
    select '{{ bucket }}' as bucket
    union all
    {%- endfor %}
    select 'customer_success' as bucket

),

posted_pools as (

    select
        'cost_of_revenue_by_bucket' as control,
        cost_lines.month as period,
        cost_lines.bucket as dimension,
        cost_lines.pool as match_key,
        sum(cost_lines.amount_minor) as minor
    from cost_lines
    inner join account_buckets
        on cost_lines.bucket = account_buckets.bucket
    group by cost_lines.month, cost_lines.bucket, cost_lines.pool
    union all
    select
        'overhead_by_pool' as control,
        month as period,
        pool as dimension,
        pool as match_key,
        sum(amount_minor) as minor
    from cost_lines
    where bucket = 'overhead'
    group by month, pool
    union all
    -- What is left of overhead in a bucket is what its accounts bear.
    select
        'cost_of_revenue_by_bucket' as control,
        overhead_of_pools.month as period,
        'overhead: ' || overhead_of_pools.target_bucket as dimension,
        'overhead: ' || overhead_of_pools.target_bucket as match_key,
        sum(overhead_of_pools.amount_minor) as minor
    from overhead_of_pools
    inner join account_buckets
        on overhead_of_pools.target_bucket = account_buckets.bucket
    group by overhead_of_pools.month, overhead_of_pools.target_bucket
    union all
    select
        'cost_of_revenue_by_bucket' as control,
        month as period,
        'overhead' as dimension,
        '' as match_key,
        sum(amount_minor) as minor
    from cost_lines
    where bucket = 'overhead'
    group by month

),

reached_pools as (

    select
        'cost_of_revenue_by_bucket' as control,
        month as period,
        case
            when bucket = 'overhead' then 'overhead: ' || followed_bucket
            else bucket
        end as dimension,
        pool as match_key,
        'accounts and unallocated of the pool ' || pool as row_label,
        sum(amount_minor) as minor
    from account_costs
    group by month, bucket, followed_bucket, pool
    union all
    select
        'overhead_by_pool' as control,
        month as period,
        pool as dimension,
        pool as match_key,
        'departments and unallocated of the pool ' || pool as row_label,
        sum(amount_minor) as minor
    from overhead_of_pools
    group by month, pool
    union all
    select
        'cost_of_revenue_by_bucket' as control,
        month as period,
        'overhead' as dimension,
        '' as match_key,
        'overhead that follows ' || followed_bucket || ' to accounts' as row_label,
        sum(amount_minor) as minor
    from account_costs
    where bucket = 'overhead'
    group by month, followed_bucket
    union all
    -- Of operating expenses, and what reached nobody.
    select
        'cost_of_revenue_by_bucket' as control,
        operating_costs.month as period,
        'overhead' as dimension,
        '' as match_key,
        'overhead of operating expense ' || operating_costs.bucket as row_label,
        operating_costs.overhead_minor as minor
    from operating_costs
    left join account_buckets
        on operating_costs.bucket = account_buckets.bucket
    where
        account_buckets.bucket is null
        and operating_costs.overhead_minor <> 0

),

pool_differences as (

    select
        posted_pools.control,
        posted_pools.period,
        posted_pools.dimension,
        posted_pools.match_key,
        posted_pools.minor as posted_minor,
        posted_pools.minor - coalesce(sum(reached_pools.minor), 0) as difference_minor
    from posted_pools
    left join reached_pools
        on
            posted_pools.control = reached_pools.control
            and posted_pools.period = reached_pools.period
            and posted_pools.dimension = reached_pools.dimension
            and posted_pools.match_key = reached_pools.match_key
    group by
        posted_pools.control,
        posted_pools.period,
        posted_pools.dimension,
        posted_pools.match_key,
        posted_pools.minor

),

-- The lines of a pool that is not allocated as it was posted.
pool_lines as (

    select
        pool_differences.control,
        pool_differences.period,
        pool_differences.dimension,
        pool_differences.match_key,
        'ledger.transactionline '
        || cost_lines.transaction_id
        || '/'
        || cost_lines.transaction_line_id as row_label,
        sum(cost_lines.amount_minor) as minor
    from pool_differences
    inner join cost_lines
        on
            pool_differences.period = cost_lines.month
            and pool_differences.match_key = cost_lines.pool
            and case
                when pool_differences.control = 'overhead_by_pool' then 'overhead'
                else pool_differences.dimension
            end = cost_lines.bucket
    where pool_differences.difference_minor <> 0
    group by
        pool_differences.control,
        pool_differences.period,
        pool_differences.dimension,
        pool_differences.match_key,
        cost_lines.transaction_id,
        cost_lines.transaction_line_id

),

pools_with_lines as (

    select distinct
        control,
        period,
        dimension,
        match_key
    from pool_lines

),

pool_rows as (

    select
        pool_differences.control,
        pool_differences.period,
        pool_differences.dimension,
        'expected' as side,
        pool_differences.match_key,
        case
            when pool_differences.match_key = '' then 'all overhead that was posted'
            when pool_differences.dimension like 'overhead: %'
                then 'what reached ' || pool_differences.dimension
            else 'ledger lines of the pool ' || pool_differences.match_key
        end as row_label,
        pool_differences.posted_minor as minor
    from pool_differences
    left join pools_with_lines
        on
            pool_differences.control = pools_with_lines.control
            and pool_differences.period = pools_with_lines.period
            and pool_differences.dimension = pools_with_lines.dimension
            and pool_differences.match_key = pools_with_lines.match_key
    where pools_with_lines.control is null
    union all
    select
        control,
        period,
        dimension,
        'expected' as side,
        match_key,
        row_label,
        minor
    from pool_lines
    union all
    select
        control,
        period,
        dimension,
        'actual' as side,
        match_key,
        row_label,
        minor
    from reached_pools

),

unioned as (

    select
        control,
        period,
        dimension,
        side,
        match_key,
        row_label,
        cast(sum(amount) as decimal(24, 4)) as amount
    from expense_rows
    group by control, period, dimension, side, match_key, row_label
    union all
    select
        pool_rows.control,
        pool_rows.period,
        pool_rows.dimension,
        pool_rows.side,
        pool_rows.match_key,
        pool_rows.row_label,
        {{ minor_to_amount('sum(pool_rows.minor)', 'max(digits.minor_unit_digits)') }}
            as amount
    from pool_rows
    cross join digits
    group by
        pool_rows.control,
        pool_rows.period,
        pool_rows.dimension,
        pool_rows.side,
        pool_rows.match_key,
        pool_rows.row_label

),

final as (

    select
        unioned.control,
        unioned.period,
        unioned.dimension,
        digits.currency_code,
        unioned.side,
        unioned.match_key,
        -- Both sides of a line are one document.
        case
            when unioned.control = 'expenses_by_account' then unioned.match_key
            else ''
        end as document_id,
        unioned.row_label,
        unioned.amount
    from unioned
    cross join digits

)

select * from final
