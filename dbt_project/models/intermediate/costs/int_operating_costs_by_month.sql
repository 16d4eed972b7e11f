-- Grain: one row per month in which the ledger has an expense and bucket of costs: what
-- was posted to it, and the overhead that follows its people.
-- The bucket overhead itself holds what of it reached nobody.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

overhead as (

    select * from {{ ref('int_overhead_allocated_by_month') }}

),

amounts as (

    -- Overhead is counted where it arrives; the month is there, whatever is posted.
    select
        month,
        bucket,
        case when bucket = 'overhead' then 0 else amount_minor end as posted_minor,
        0 as overhead_minor
    from cost_lines
    union all
    select
        month,
        case when target_type = 'unallocated' then 'overhead' else target_bucket end
            as bucket,
        0 as posted_minor,
        amount_minor as overhead_minor
    from overhead

),

final as (

    select
        month,
        bucket,
        cast(sum(posted_minor) as decimal(20, 0)) as posted_minor,
        cast(sum(overhead_minor) as decimal(20, 0)) as overhead_minor
    from amounts
    group by month, bucket

)

select * from final
