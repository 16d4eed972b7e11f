-- Days of work are counted from a day on, and nobody works less than nothing.
with

employees as (

    select * from {{ ref('int_employees_described') }}

),

assignments as (

    select * from {{ ref('int_employee_assignments_dated') }}

),

assigned_employees as (

    select distinct employee_id from assignments

)

select
    'ledger.employee' as raw_table,
    employees.employee_id as row_id,
    'start_date' as column_name,
    'NULL' as rejected_value,
    'Expected the first day of work: no assignment says it either.' as reason
from employees
left join assigned_employees
    on employees.employee_id = assigned_employees.employee_id
where
    employees.start_date is null
    and assigned_employees.employee_id is null
union all
select
    'ledger.employee' as raw_table,
    employee_id as row_id,
    'fte' as column_name,
    cast(fte as string) as rejected_value,
    'Expected full-time equivalents from 0 to 1000.' as reason
from assignments
where
    fte < 0
    or fte > 1000
union all
select
    'ledger.employee_assignment' as raw_table,
    employee_id as row_id,
    'valid_to' as column_name,
    cast(valid_to as string) as rejected_value,
    'Expected a day after valid_from ' || cast(valid_from as string) || '.' as reason
from assignments
where
    valid_to < valid_from
    and department_reference || location_reference <> ''
