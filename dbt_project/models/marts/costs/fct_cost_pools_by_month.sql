-- Grain: one row per bucket, whether it is direct, department, location and month.
with

cost_lines as (

    select
        month,
        bucket,
        is_direct,
        coalesce(department, 'none') as department,
        coalesce(location, 'none') as location,
        pool,
        rule,
        minor_unit_digits,
        amount_minor
    from {{ ref('int_cost_lines') }}

),

sums as (

    select
        month,
        bucket,
        is_direct,
        department,
        location,
        count(*) as line_count,
        sum({{ minor_to_amount('amount_minor', 'minor_unit_digits') }}) as amount
    from cost_lines
    group by month, bucket, is_direct, department, location

),

distinct_pools as (

    select distinct
        month,
        bucket,
        is_direct,
        department,
        location,
        pool
    from cost_lines

),

distinct_rules as (

    select distinct
        month,
        bucket,
        is_direct,
        department,
        location,
        rule
    from cost_lines

),

pool_lists as (

    select
        month,
        bucket,
        is_direct,
        department,
        location,
        {{ ordered_list('pool') }} as pools
    from distinct_pools
    group by month, bucket, is_direct, department, location

),

rule_lists as (

    select
        month,
        bucket,
        is_direct,
        department,
        location,
        {{ ordered_list('rule') }} as rules
    from distinct_rules
    group by month, bucket, is_direct, department, location

),

final as (

    select
        sums.bucket,
        sums.is_direct,
        sums.department,
        sums.location,
        sums.month,
        cast(sums.amount as decimal(24, 4)) as amount,
        sums.line_count,
        pool_lists.pools,
        rule_lists.rules
    from sums
    inner join pool_lists
        on
            sums.month = pool_lists.month
            and sums.bucket = pool_lists.bucket
            and sums.is_direct = pool_lists.is_direct
            and sums.department = pool_lists.department
            and sums.location = pool_lists.location
    inner join rule_lists
        on
            sums.month = rule_lists.month
            and sums.bucket = rule_lists.bucket
            and sums.is_direct = rule_lists.is_direct
            and sums.department = rule_lists.department
            and sums.location = rule_lists.location

)

select * from final
