-- Surveys and assignments of people whom the export does not list are left out.
with

employees as (

    select * from {{ ref('stg_ledger__employees') }}

),

records as (

    select
        'ledger.time_survey' as raw_table,
        employee_id
    from {{ ref('stg_ledger__time_surveys') }}
    union all
    select
        'ledger.employee_assignment' as raw_table,
        employee_id
    from {{ ref('stg_ledger__employee_assignments') }}

)

select
    records.raw_table,
    records.employee_id as row_id,
    'employee_id' as column_name,
    records.employee_id as rejected_value,
    'ledger.employee has nobody of this id: '
    || cast(count(*) as string)
    || ' rows are left out.' as reason
from records
left join employees
    on records.employee_id = employees.employee_id
where employees.employee_id is null
group by records.raw_table, records.employee_id
