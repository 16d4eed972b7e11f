-- Grain: one row per employee.
-- Departments and locations that the ledger does not know keep the text of the export;
-- none is an empty id and no name. Employed until the end date, exclusive here.
with

employees as (

    select * from {{ ref('stg_ledger__employees') }}

),

departments as (

    select * from {{ ref('int_departments_by_reference') }}

),

locations as (

    select * from {{ ref('int_locations_by_reference') }}

),

functions as (

    select * from {{ ref('int_cost_mappings_overridden') }}
    where mapping = 'function'

),

final as (

    select
        employees.employee_id,
        coalesce(departments.department_id, trim(employees.department), '')
            as department_id,
        coalesce(departments.department, trim(employees.department)) as department,
        coalesce(locations.location_id, trim(employees.location), '') as location_id,
        coalesce(locations.location, trim(employees.location)) as location,
        employees.function_name,
        functions.target as function_bucket,
        functions.pool as function_pool,
        coalesce(employees.fte, 1) as fte,
        employees.start_date,
        {{ add_days('employees.end_date', 1) }} as end_date
    from employees
    left join departments
        on lower(trim(employees.department)) = departments.reference
    left join locations
        on lower(trim(employees.location)) = locations.reference
    left join functions
        on employees.function_name = functions.value

)

select * from final
