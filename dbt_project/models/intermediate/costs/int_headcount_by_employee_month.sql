-- Grain: one row per employee, month, department, location and surveyed function; where
-- no survey was taken the function is empty.
-- Days of full-time equivalents, of the days up to the as-of. A survey decides in which
-- bucket somebody works, else the rule for the department, else the own function; no
-- bucket where none of them says.
with

assignments as (

    select * from {{ ref('int_employee_assignments_dated') }}

),

employees as (

    select * from {{ ref('int_employees_described') }}

),

departments as (

    select * from {{ ref('int_departments_classified') }}

),

surveys as (

    select * from {{ ref('int_time_surveys_mapped') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

-- Half-open, inside the employment and up to the day of the as-of.
stays as (

    select
        assignments.employee_id,
        assignments.department_id,
        coalesce(assignments.department, 'none') as department,
        coalesce(assignments.location, 'none') as location,
        assignments.fte,
        greatest(
            assignments.valid_from,
            coalesce(employees.start_date, assignments.valid_from)
        ) as first_day,
        least(
            coalesce(
                assignments.valid_to, {{ add_days('run_settings.as_of_date', 1) }}
            ),
            coalesce(
                employees.end_date, {{ add_days('run_settings.as_of_date', 1) }}
            ),
            {{ add_days('run_settings.as_of_date', 1) }}
        ) as end_day
    from assignments
    inner join employees
        on assignments.employee_id = employees.employee_id
    cross join run_settings

),

month_starts as (

    select
        *,
        {{ month_series(month_of('first_day'), month_of(add_days('end_day', -1))) }}
            as month_start
    from stays
    where first_day < end_day

),

months as (

    select
        employee_id,
        department_id,
        department,
        location,
        fte,
        cast(month_start as date) as month,
        {{ days_between(
            'greatest(first_day, cast(month_start as date))',
            'least(end_day, ' ~ add_months('cast(month_start as date)', 1) ~ ')'
        ) }} as day_count
    from month_starts

),

worked as (

    select
        employee_id,
        month,
        department_id,
        department,
        location,
        cast(sum(cast(fte * day_count as decimal(18, 6))) as decimal(18, 6))
            as fte_days
    from months
    group by employee_id, month, department_id, department, location

),

final as (

    select
        worked.employee_id,
        worked.month,
        worked.department_id,
        worked.department,
        worked.location,
        coalesce(surveys.function_name, '') as function_name,
        case
            when surveys.employee_id is not null then surveys.bucket
            else coalesce(departments.bucket, employees.function_bucket)
        end as bucket,
        case
            when surveys.employee_id is not null then surveys.pool
            when departments.bucket is not null then departments.pool
            else employees.function_pool
        end as pool,
        cast(
            worked.fte_days * cast(coalesce(surveys.share_quantity, 1) as decimal(9, 6))
            as decimal(38, 12)
        ) as fte_days
    from worked
    inner join employees
        on worked.employee_id = employees.employee_id
    left join departments
        on worked.department_id = departments.department_id
    left join surveys
        on
            worked.employee_id = surveys.employee_id
            and worked.month = surveys.month

)

select * from final
