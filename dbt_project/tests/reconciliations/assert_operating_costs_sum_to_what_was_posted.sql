-- The overhead of all buckets, with what is unallocated, is the overhead that was
-- posted in the month; what is posted to each other bucket is what its lines say.
-- A returned row shows by how much they are off.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

operating_costs as (

    select * from {{ ref('int_operating_costs_by_month') }}

),

amounts as (

    select
        month,
        bucket,
        amount_minor as expected_minor,
        0 as actual_minor
    from cost_lines
    union all
    select
        month,
        bucket,
        0 as expected_minor,
        posted_minor as actual_minor
    from operating_costs
    union all
    select
        month,
        'overhead' as bucket,
        0 as expected_minor,
        overhead_minor as actual_minor
    from operating_costs

)

select
    month,
    bucket,
    sum(expected_minor) as expected_minor,
    sum(actual_minor) as actual_minor,
    sum(actual_minor) - sum(expected_minor) as difference
from amounts
group by month, bucket
having sum(actual_minor) <> sum(expected_minor)
