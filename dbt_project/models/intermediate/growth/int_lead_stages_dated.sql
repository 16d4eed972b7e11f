-- Grain: one row per surviving contact and stage, or kind of form, that it ever
-- reached: the first day on which it did.
-- What marketing and sales qualify somebody by: forms, a page with prices, the score
-- and what people entered. Days are those of the reporting time zone; what came after
-- the as-of is left out, and so are contacts whose card was made after it. Whom only a
-- form, a score or a visit names, without a card, is a contact too.
with

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

crosswalk as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

form_submissions as (

    select * from {{ ref('stg_crm__contact_form_submissions') }}

),

property_history as (

    select * from {{ ref('stg_crm__contact_property_history') }}

),

web_visits as (

    select * from {{ ref('stg_crm__web_visits') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

pricing_pages as (

    select {{ split_to_rows('pricing_pages', ' ') }} as pricing_page
    from run_settings
    where pricing_pages <> ''

),

scores as (

    select
        contact_id,
        valid_from_at,
        try_cast(trim(property_value) as decimal(18, 6)) as score
    from property_history
    where property_name = 'hubspotscore'

),

moments as (

    select
        contact_id,
        'lead' as stage,
        entered_lead_at as reached_at
    from contacts
    union all
    -- Who is a lead or more has been one since the card was made, if not before.
    select
        contact_id,
        'lead' as stage,
        created_at as reached_at
    from contacts
    where
        lower(trim(lifecycle_stage)) in (
            'lead',
            'marketingqualifiedlead',
            'salesqualifiedlead',
            'opportunity',
            'customer'
        )
    union all
    select
        contact_id,
        'mql' as stage,
        entered_marketing_qualified_lead_at as reached_at
    from contacts
    union all
    select
        contact_id,
        'sql' as stage,
        entered_sales_qualified_lead_at as reached_at
    from contacts
    union all
    select
        contact_id,
        'opportunity' as stage,
        entered_opportunity_at as reached_at
    from contacts
    union all
    select
        contact_id,
        'crm_customer' as stage,
        entered_customer_at as reached_at
    from contacts
    union all
    select
        contact_id,
        case
            when form_type in ('gated_download', 'contact', 'newsletter') then 'mql'
            when form_type in ('trial', 'demo_request') then 'sql'
            else 'lead'
        end as stage,
        submitted_at as reached_at
    from form_submissions
    where
        form_type in (
            'gated_download',
            'contact',
            'newsletter',
            'trial',
            'demo_request',
            'sign_up'
        )
    union all
    select
        contact_id,
        form_type as stage,
        submitted_at as reached_at
    from form_submissions
    where form_type in ('trial', 'sign_up')
    union all
    select
        scores.contact_id,
        'mql' as stage,
        scores.valid_from_at as reached_at
    from scores
    cross join run_settings
    where scores.score >= run_settings.mql_score
    union all
    select
        scores.contact_id,
        'sql' as stage,
        scores.valid_from_at as reached_at
    from scores
    cross join run_settings
    where scores.score >= run_settings.sql_score
    union all
    select
        web_visits.contact_id,
        'mql' as stage,
        web_visits.visited_at as reached_at
    from web_visits
    inner join pricing_pages
        on
            substring(
                web_visits.page_path || '/', 1, length(pricing_pages.pricing_page) + 1
            )
            = pricing_pages.pricing_page || '/'
    where
        web_visits.contact_id is not null
        and not web_visits.is_bot
        and not web_visits.is_employee

),

dated as (

    select
        crosswalk.surviving_contact_id,
        moments.stage,
        {{ local_day('moments.reached_at', 'run_settings.reporting_time_zone') }}
            as reached_on
    from moments
    cross join run_settings
    inner join crosswalk
        on moments.contact_id = crosswalk.contact_id
    where
        {{ local_day('moments.reached_at', 'run_settings.reporting_time_zone') }}
        <= run_settings.as_of_date

),

final as (

    select
        surviving_contact_id,
        stage,
        min(reached_on) as first_date
    from dated
    group by surviving_contact_id, stage

)

select * from final
