-- Grain: one row per expense line of the ledger: a posted line of an expense account,
-- other than of a closing.
-- A line of what people cost that names no department is of the department in which
-- its employee worked last in the month. Vendors are whom an entry or line names, other
-- than employees and customers. What is not there has an empty id and no name.
with

ledger_lines as (

    select * from {{ ref('int_ledger_lines') }}

),

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_classed') }}

),

entities as (

    select * from {{ ref('stg_ledger__entities') }}

),

vendors as (

    select * from {{ ref('stg_ledger__vendors') }}

),

classes as (

    select
        class_id,
        coalesce(class_full_name, class_name, class_id) as class
    from {{ ref('stg_ledger__classes') }}

),

departments as (

    select * from {{ ref('int_departments_by_reference') }}

),

locations as (

    select * from {{ ref('int_locations_by_reference') }}

),

employees as (

    select * from {{ ref('int_employees_described') }}

),

assignments as (

    select * from {{ ref('int_employee_assignments_dated') }}

),

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

expense_lines as (

    select
        ledger_lines.transaction_id,
        ledger_lines.transaction_line_id,
        ledger_lines.month,
        ledger_lines.transaction_number,
        ledger_lines.transaction_date,
        ledger_lines.account_id,
        accounts.account_number,
        accounts.account_name,
        accounts.account_role,
        case
            when trim(ledger_lines.department_id) <> ''
                then trim(ledger_lines.department_id)
        end as department_id,
        case
            when trim(ledger_lines.location_id) <> ''
                then trim(ledger_lines.location_id)
        end as location_id,
        coalesce(trim(ledger_lines.class_id), '') as class_id,
        coalesce(ledger_lines.line_entity_id, ledger_lines.entity_id) as entity_id,
        ledger_lines.document_id,
        ledger_lines.amount,
        currencies.minor_unit_digits
    from ledger_lines
    inner join accounts
        on ledger_lines.account_id = accounts.account_id
    inner join entries
        on ledger_lines.transaction_id = entries.transaction_id
    cross join run_settings
    left join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    where
        {{ is_expense_account('accounts.account_type') }}
        and not entries.is_closing

),

entity_ids as (

    select distinct entity_id
    from expense_lines
    where entity_id is not null

),

-- An id of its own says who an entity is only where nothing else does.
parties as (

    select
        entity_ids.entity_id,
        coalesce(named_employees.employee_id, own_employees.employee_id)
            as employee_id,
        coalesce(named_customers.customer_id, own_customers.customer_id)
            as customer_id,
        coalesce(vendors.vendor_name, entities.entity_name, entity_ids.entity_id)
            as party_name,
        vendors.vendor_id is not null as is_vendor
    from entity_ids
    left join entities
        on entity_ids.entity_id = entities.entity_id
    left join vendors
        on entity_ids.entity_id = vendors.vendor_id
    left join employees as named_employees
        on entities.external_id = named_employees.employee_id
    left join employees as own_employees
        on
            entity_ids.entity_id = own_employees.employee_id
            and vendors.vendor_id is null
    left join customers as named_customers
        on entities.external_id = named_customers.customer_id
    left join customers as own_customers
        on
            entity_ids.entity_id = own_customers.customer_id
            and entities.external_id is null

),

-- Whoever is paid and stands in no list of vendors may be a person, whose name is not
-- published beside what was paid.
told_lines as (

    select
        expense_lines.*,
        case
            when expense_lines.account_role = 'people' then parties.employee_id
        end as employee_id,
        case
            when
                parties.employee_id is null
                and parties.customer_id is null
                and (expense_lines.account_role <> 'people' or parties.is_vendor)
                then parties.entity_id
        end as vendor_id,
        case
            when
                parties.employee_id is null
                and parties.customer_id is null
                and (expense_lines.account_role <> 'people' or parties.is_vendor)
                then parties.party_name
        end as vendor
    from expense_lines
    left join parties
        on expense_lines.entity_id = parties.entity_id

),

employee_months as (

    select distinct
        employee_id,
        month
    from told_lines
    where
        employee_id is not null
        and department_id is null

),

numbered_assignments as (

    select
        employee_months.employee_id,
        employee_months.month,
        assignments.department_id,
        assignments.department,
        assignments.location_id,
        assignments.location,
        row_number() over (
            partition by employee_months.employee_id, employee_months.month
            order by
                assignments.valid_from desc,
                assignments.department_reference asc,
                assignments.location_reference asc
        ) as assignment_number
    from employee_months
    inner join assignments
        on
            employee_months.employee_id = assignments.employee_id
            and assignments.valid_from < {{ add_months('employee_months.month', 1) }}
            and (
                assignments.valid_to is null
                or employee_months.month < assignments.valid_to
            )

),

workplaces as (

    select
        employee_months.employee_id,
        employee_months.month,
        coalesce(numbered_assignments.department_id, employees.department_id)
            as department_id,
        case
            when numbered_assignments.employee_id is null then employees.department
            else numbered_assignments.department
        end as department,
        coalesce(numbered_assignments.location_id, employees.location_id)
            as location_id,
        case
            when numbered_assignments.employee_id is null then employees.location
            else numbered_assignments.location
        end as location
    from employee_months
    inner join employees
        on employee_months.employee_id = employees.employee_id
    left join numbered_assignments
        on
            employee_months.employee_id = numbered_assignments.employee_id
            and employee_months.month = numbered_assignments.month
            and numbered_assignments.assignment_number = 1

),

final as (

    select
        told_lines.transaction_id,
        told_lines.transaction_line_id,
        told_lines.month,
        told_lines.transaction_number,
        told_lines.transaction_date,
        told_lines.account_id,
        told_lines.account_number,
        told_lines.account_name,
        told_lines.account_role,
        coalesce(
            departments.department_id,
            told_lines.department_id,
            workplaces.department_id,
            ''
        ) as department_id,
        coalesce(
            departments.department, told_lines.department_id, workplaces.department
        ) as department,
        coalesce(
            locations.location_id, told_lines.location_id, workplaces.location_id, ''
        ) as location_id,
        coalesce(locations.location, told_lines.location_id, workplaces.location)
            as location,
        told_lines.class_id,
        coalesce(
            classes.class,
            case when told_lines.class_id <> '' then told_lines.class_id end
        ) as class,
        coalesce(told_lines.vendor_id, '') as vendor_id,
        told_lines.vendor,
        told_lines.employee_id,
        told_lines.document_id,
        told_lines.amount,
        cast(
            round(
                told_lines.amount * {{ minor_units('told_lines.minor_unit_digits') }}
            ) as decimal(20, 0)
        ) as amount_minor,
        told_lines.minor_unit_digits
    from told_lines
    left join departments
        on lower(told_lines.department_id) = departments.reference
    left join locations
        on lower(told_lines.location_id) = locations.reference
    left join classes
        on told_lines.class_id = classes.class_id
    left join workplaces
        on
            told_lines.employee_id = workplaces.employee_id
            and told_lines.month = workplaces.month
            and told_lines.department_id is null

)

select * from final
