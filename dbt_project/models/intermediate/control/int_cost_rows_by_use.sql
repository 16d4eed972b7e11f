-- Grain: one row per source, table and use: what became of the rows that say who works
-- on what, what the cloud costs, which assets there are and which companies, the rows
-- that count with what they are, the others with why not.
with

cloud_costs as (

    select * from {{ ref('stg_ledger__cloud_costs') }}

),

environments as (

    select * from {{ ref('int_cost_mappings_overridden') }}
    where mapping = 'environment'

),

employees as (

    select * from {{ ref('stg_ledger__employees') }}

),

assignments as (

    select * from {{ ref('stg_ledger__employee_assignments') }}

),

time_surveys as (

    select * from {{ ref('stg_ledger__time_surveys') }}

),

time_entries as (

    select * from {{ ref('stg_ledger__time_entries') }}

),

assets as (

    select * from {{ ref('stg_ledger__capitalized_assets') }}

),

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

described as (

    select
        'ledger' as source,
        'cloud_cost' as table_name,
        case
            when cloud_costs.charge_period_start_at is null then 'of no day'
            when
                {{ local_day(
                    'cloud_costs.charge_period_start_at',
                    'run_settings.reporting_time_zone'
                ) }} > run_settings.as_of_date
                then 'after the as-of'
            when environments.target in ('production', 'development')
                then 'tagged: splits hosting'
            when environments.target = 'shared' then 'shared: follows what is tagged'
            else 'untagged: follows what is tagged'
        end as row_use
    from cloud_costs
    cross join run_settings
    left join environments
        on cloud_costs.environment_tag = environments.value
    union all
    select
        'ledger' as source,
        'employee' as table_name,
        case
            when employees.start_date > run_settings.as_of_date then 'after the as-of'
            when employees.end_date < employees.start_date then 'never employed'
            else 'employee'
        end as row_use
    from employees
    cross join run_settings
    union all
    select
        'ledger' as source,
        'employee_assignment' as table_name,
        case
            when employees.employee_id is null
                then 'of an employee that is not in the export'
            when assignments.valid_from > run_settings.as_of_date
                then 'after the as-of'
            when
                assignments.valid_from > employees.end_date
                or assignments.valid_to <= employees.start_date
                then 'outside the employment'
            else 'assignment'
        end as row_use
    from assignments
    cross join run_settings
    left join employees
        on assignments.employee_id = employees.employee_id
    union all
    select
        'ledger' as source,
        'time_survey' as table_name,
        case
            when employees.employee_id is null
                then 'of an employee that is not in the export'
            when time_surveys.month > run_settings.as_of_date then 'after the as-of'
            else 'share of an employee in a month'
        end as row_use
    from time_surveys
    cross join run_settings
    left join employees
        on time_surveys.employee_id = employees.employee_id
    union all
    select
        'ledger' as source,
        'time_entry' as table_name,
        case
            when time_entries.account_external_id is null then 'for no customer'
            when time_entries.work_date is null then 'of no day'
            when time_entries.work_date > run_settings.as_of_date
                then 'after the as-of'
            else 'work for an account'
        end as row_use
    from time_entries
    cross join run_settings
    union all
    select
        'ledger' as source,
        'capitalized_asset' as table_name,
        case
            when
                coalesce(assets.capitalized_on, assets.in_service_on)
                > run_settings.as_of_date
                then 'after the as-of'
            when
                assets.in_service_on is null
                or assets.in_service_on > run_settings.as_of_date
                then 'not in service'
            else 'amortised asset'
        end as row_use
    from assets
    cross join run_settings
    union all
    select
        'crm' as source,
        'company' as table_name,
        case
            when not {{ is_known_by_the_as_of('companies.created_at') }}
                then 'after the as-of'
            when companies.is_deleted then 'deleted, kept for history'
            else 'company of an account'
        end as row_use
    from companies
    cross join run_settings

),

final as (

    select
        source,
        table_name,
        row_use,
        count(*) as row_count
    from described
    group by source, table_name, row_use

)

select * from final
