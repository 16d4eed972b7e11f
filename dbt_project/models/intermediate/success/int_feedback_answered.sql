-- Grain: one row per answer to the NPS survey that was given before the as-of, with
-- who gave it and the account that it speaks for.
-- The account is that of the company that the answer names, else that of the contact's
-- company. An answer of nobody that is known is one of somebody else each time.
with

feedback as (

    select * from {{ ref('stg_crm__feedback_submissions') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

contacts as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        feedback.feedback_id,
        case
            when feedback.contact_id is null then 'feedback:' || feedback.feedback_id
            else coalesce(contacts.surviving_contact_id, feedback.contact_id)
        end as respondent_id,
        coalesce(companies.account_id, contacts.account_id) as account_id,
        feedback.answer,
        feedback.submitted_at,
        {{ month_of(
            local_day('feedback.submitted_at', 'run_settings.reporting_time_zone')
        ) }} as month
    from feedback
    inner join run_settings
        on feedback.submitted_at < run_settings.as_of_at
    left join companies
        on feedback.company_id = companies.company_id
    left join contacts
        on feedback.contact_id = contacts.contact_id
    where feedback.answer is not null

)

select * from final
