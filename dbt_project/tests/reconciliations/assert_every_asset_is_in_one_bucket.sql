-- An asset counts in one bucket, the same in every month, and what is amortised of it
-- by the end of a month is what its months have added: none counts twice.
with

amortization as (

    select * from {{ ref('int_asset_amortization_by_month') }}

),

running as (

    select
        asset_id,
        month,
        accumulated_minor,
        is_disposed,
        sum(amortization_minor) over (
            partition by asset_id
            order by month
            rows between unbounded preceding and current row
        ) as amortized_minor
    from amortization

),

findings as (

    select
        asset_id,
        min(month) as month,
        'is in ' || cast(count(distinct bucket || ' / ' || pool) as string)
        || ' buckets' as finding
    from amortization
    group by asset_id
    having count(distinct bucket || ' / ' || pool) <> 1
    union all
    select
        asset_id,
        month,
        'has amortised '
        || cast(amortized_minor as string)
        || ' in its months and '
        || cast(accumulated_minor as string)
        || ' in total' as finding
    from running
    where
        not is_disposed
        and amortized_minor <> accumulated_minor

)

select
    asset_id,
    month,
    finding
from findings
