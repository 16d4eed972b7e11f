-- Grain: one row per month, department, location, bucket and pool with people in it;
-- department and location are 'none' where there is none.
with

employee_months as (

    select * from {{ ref('int_headcount_by_employee_month') }}

),

final as (

    select
        month,
        department,
        location,
        bucket,
        pool,
        cast(sum(fte_days) as decimal(38, 12)) as fte_days
    from employee_months
    where bucket is not null
    group by month, department, location, bucket, pool
    having sum(fte_days) > 0

)

select * from final
