-- Where somebody works who is in no bucket, overhead would pass that person by.
with

employee_months as (

    select * from {{ ref('int_headcount_by_employee_month') }}

),

departments as (

    select * from {{ ref('int_departments_classified') }}

),

employees as (

    select * from {{ ref('int_employees_described') }}

),

unplaced as (

    select
        employee_id,
        department,
        min(month) as first_month
    from employee_months
    where
        bucket is null
        and function_name = ''
    group by employee_id, department

)

select
    'ledger.employee' as raw_table,
    unplaced.employee_id as row_id,
    'department' as column_name,
    unplaced.department as rejected_value,
    'From '
    || cast(unplaced.first_month as string)
    || ' on, no rule of policy cost_rules that names only a department is of this one,'
    || ' and function '
    || coalesce(employees.function_name, 'none')
    || ' is not in policy cost_mappings: add a rule or a mapping.' as reason
from unplaced
inner join employees
    on unplaced.employee_id = employees.employee_id
union all
select
    'policy.cost_rules' as raw_table,
    rule as row_id,
    'priority' as column_name,
    contradicting_rule as rejected_value,
    'Department '
    || department
    || ' has two rules of the same priority, which give its people different buckets or'
    || ' pools: lower the priority number of the one that is meant.' as reason
from departments
where contradicting_rule is not null
