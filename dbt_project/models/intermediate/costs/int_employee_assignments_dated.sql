-- Grain: one row per employee, department and location as the export names them, and
-- first day: where somebody works from then on, until the day valid_to (exclusive).
-- What an assignment leaves open is as the employee says, and so is everything where
-- there is no assignment.
with

employees as (

    select * from {{ ref('int_employees_described') }}

),

assignments as (

    select * from {{ ref('stg_ledger__employee_assignments') }}

),

departments as (

    select * from {{ ref('int_departments_by_reference') }}

),

locations as (

    select * from {{ ref('int_locations_by_reference') }}

),

assigned_employees as (

    select distinct employee_id from assignments

),

assigned as (

    select
        assignments.employee_id,
        assignments.department as department_reference,
        assignments.location as location_reference,
        case
            when trim(assignments.department) = '' then employees.department_id
            else coalesce(departments.department_id, trim(assignments.department))
        end as department_id,
        case
            when trim(assignments.department) = '' then employees.department
            else coalesce(departments.department, trim(assignments.department))
        end as department,
        case
            when trim(assignments.location) = '' then employees.location_id
            else coalesce(locations.location_id, trim(assignments.location))
        end as location_id,
        case
            when trim(assignments.location) = '' then employees.location
            else coalesce(locations.location, trim(assignments.location))
        end as location,
        coalesce(assignments.fte, employees.fte) as fte,
        assignments.valid_from,
        assignments.valid_to
    from assignments
    inner join employees
        on assignments.employee_id = employees.employee_id
    left join departments
        on lower(trim(assignments.department)) = departments.reference
    left join locations
        on lower(trim(assignments.location)) = locations.reference

),

unassigned as (

    select
        employees.employee_id,
        '' as department_reference,
        '' as location_reference,
        employees.department_id,
        employees.department,
        employees.location_id,
        employees.location,
        employees.fte,
        employees.start_date as valid_from,
        employees.end_date as valid_to
    from employees
    left join assigned_employees
        on employees.employee_id = assigned_employees.employee_id
    where
        assigned_employees.employee_id is null
        and employees.start_date is not null

),

final as (

    select * from assigned
    union all
    select * from unassigned

)

select * from final
