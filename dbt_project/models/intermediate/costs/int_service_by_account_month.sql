-- Grain: one row per driver (handled_minutes, hours), account and month: the time that
-- support and services spent for the account up to the as-of.
-- A ticket is of the day on which it was created. A record of work names a billing
-- customer or a company of the CRM; one that names neither was for no customer.
with

tickets as (

    select * from {{ ref('stg_crm__tickets') }}
    where not is_deleted

),

time_entries as (

    select * from {{ ref('stg_ledger__time_entries') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

dated as (

    select
        'handled_minutes' as driver,
        companies.account_id,
        {{ local_day('tickets.created_at', 'run_settings.reporting_time_zone') }}
            as served_on,
        tickets.handled_minutes as quantity
    from tickets
    inner join companies
        on tickets.company_id = companies.company_id
    inner join run_settings
        on tickets.created_at < run_settings.as_of_at
    union all
    select
        'hours' as driver,
        coalesce(accounts.account_id, companies.account_id) as account_id,
        time_entries.work_date as served_on,
        time_entries.hours as quantity
    from time_entries
    left join accounts
        on time_entries.account_external_id = accounts.customer_id
    left join companies
        on time_entries.account_external_id = companies.company_id
    where time_entries.account_external_id is not null

),

final as (

    select
        dated.driver,
        {{ month_of('dated.served_on') }} as month,
        dated.account_id,
        cast(sum(dated.quantity) as decimal(38, 6)) as quantity
    from dated
    inner join run_settings
        on dated.served_on <= run_settings.as_of_date
    group by dated.driver, dated.account_id, {{ month_of('dated.served_on') }}

)

select * from final
