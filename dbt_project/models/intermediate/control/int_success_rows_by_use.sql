-- Grain: one row per source, table and use: what became of the rows of the CRM on how
-- customers fare (use, tickets, talks, answers and ratings), the rows that count with
-- what they are, the others with why not.
with

activation_events as (

    select * from {{ ref('stg_crm__activation_events') }}

),

csm_ratings as (

    select * from {{ ref('stg_crm__csm_ratings') }}

),

engagements as (

    select * from {{ ref('stg_crm__engagements') }}

),

feedback as (

    select * from {{ ref('stg_crm__feedback_submissions') }}

),

product_usages as (

    select * from {{ ref('stg_crm__product_usages') }}

),

tickets as (

    select * from {{ ref('stg_crm__tickets') }}

),

touchpoints as (

    select * from {{ ref('int_touchpoints_attributed') }}

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

described as (

    select
        'activation_event' as table_name,
        case
            when activation_events.occurred_at >= run_settings.as_of_at
                then 'after the as-of'
            when companies.company_id is null
                then 'of a company that is not in the export'
            else 'activation of an account'
        end as row_use
    from activation_events
    cross join run_settings
    left join companies
        on activation_events.company_id = companies.company_id
    union all
    select
        'csm_rating' as table_name,
        case
            when csm_ratings.rating is null then 'without a rating'
            when csm_ratings.rated_at >= run_settings.as_of_at then 'after the as-of'
            when companies.company_id is null
                then 'of a company that is not in the export'
            else 'rating of an account'
        end as row_use
    from csm_ratings
    cross join run_settings
    left join companies
        on csm_ratings.company_id = companies.company_id
    union all
    select
        'engagement' as table_name,
        case
            when engagements.occurred_at is null then 'of no day'
            when engagements.occurred_at >= run_settings.as_of_at
                then 'after the as-of'
            when coalesce(engagements.engagement_type, '') = '' then 'of no type'
            when engagements.engagement_type = 'note'
                then 'a note: nobody was spoken to'
            when touchpoints.engagement_id is null then 'with nobody who is known'
            when touchpoints.is_with_customer then 'touchpoint of a customer'
            else 'touchpoint with who does not pay yet'
        end as row_use
    from engagements
    cross join run_settings
    left join touchpoints
        on engagements.engagement_id = touchpoints.engagement_id
    union all
    select
        'feedback_submission' as table_name,
        case
            when feedback.submitted_at is null then 'of no day'
            when feedback.answer is null then 'without an answer'
            when feedback.submitted_at >= run_settings.as_of_at then 'after the as-of'
            when companies.account_id is null and contacts.account_id is null
                then 'answer that speaks for no account'
            else 'answer for an account'
        end as row_use
    from feedback
    cross join run_settings
    left join companies
        on feedback.company_id = companies.company_id
    left join contacts
        on feedback.contact_id = contacts.contact_id
    union all
    select
        'product_usage' as table_name,
        case
            when product_usages.usage_date > run_settings.as_of_date
                then 'after the as-of'
            when companies.company_id is null
                then 'of a company that is not in the export'
            when
                product_usages.seats_active is null
                and product_usages.seats_paid is null
                and product_usages.daily_active_users is null
                and product_usages.monthly_active_users is null
                and product_usages.key_events is null
                and product_usages.compute_units is null
                then 'without a number'
            else 'use by an account'
        end as row_use
    from product_usages
    cross join run_settings
    left join companies
        on product_usages.company_id = companies.company_id
    union all
    select
        'ticket' as table_name,
        case
            when tickets.is_deleted then 'deleted'
            when tickets.created_at is null then 'of no day'
            when tickets.created_at >= run_settings.as_of_at then 'after the as-of'
            when companies.company_id is null then 'support of nobody who is known'
            when tickets.handled_minutes is null
                then 'support of an account, drives no costs without minutes'
            else 'support of an account'
        end as row_use
    from tickets
    cross join run_settings
    left join companies
        on tickets.company_id = companies.company_id

),

final as (

    select
        'crm' as source,
        table_name,
        row_use,
        count(*) as row_count
    from described
    group by table_name, row_use

)

select * from final
