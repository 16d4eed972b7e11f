-- Grain: one row per call, e-mail or meeting with an account before the as-of.
-- The account is that of the company that it names, else that of the contact's company.
-- A note is written about somebody, not exchanged with them. It is one with a customer
-- from the account's first paid day on.
with

engagements as (

    select * from {{ ref('stg_crm__engagements') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

contacts as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

first_paid as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

attributed as (

    select
        engagements.engagement_id,
        coalesce(companies.account_id, contacts.account_id) as account_id,
        engagements.engagement_type,
        engagements.owner_id,
        engagements.occurred_at,
        {{ local_day('engagements.occurred_at', 'run_settings.reporting_time_zone') }}
            as occurred_on
    from engagements
    inner join run_settings
        on engagements.occurred_at < run_settings.as_of_at
    left join companies
        on engagements.company_id = companies.company_id
    left join contacts
        on engagements.contact_id = contacts.contact_id
    where coalesce(engagements.engagement_type, '') not in ('', 'note')

),

final as (

    select
        attributed.engagement_id,
        attributed.account_id,
        attributed.engagement_type,
        attributed.owner_id,
        attributed.occurred_at,
        {{ month_of('attributed.occurred_on') }} as month,
        coalesce(attributed.occurred_on >= first_paid.first_paid_date, false)
            as is_with_customer
    from attributed
    left join first_paid
        on attributed.account_id = first_paid.account_id
    where attributed.account_id is not null

)

select * from final
