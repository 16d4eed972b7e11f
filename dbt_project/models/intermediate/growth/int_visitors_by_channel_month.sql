-- Grain: one row per acquisition channel, month and visitor of the web site.
-- A visitor is a contact where the visit or its browser is known to be one's, else the
-- browser; bots and staff are none. A browser of several contacts is that of the first.
-- Visits of nobody ('') count as visits.
with

web_visits as (

    select * from {{ ref('stg_crm__web_visits') }}

),

crosswalk as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

channels as (

    select * from {{ ref('int_segment_mappings_overridden') }}
    where mapping = 'visit_source'

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

people as (

    select
        web_visits.anonymous_id,
        web_visits.visited_at,
        web_visits.visit_source,
        coalesce(crosswalk.surviving_contact_id, web_visits.contact_id) as contact_id,
        {{ month_of(
            local_timestamp('web_visits.visited_at', 'run_settings.reporting_time_zone')
        ) }} as month
    from web_visits
    cross join run_settings
    left join crosswalk
        on web_visits.contact_id = crosswalk.contact_id
    where
        not web_visits.is_bot
        and not web_visits.is_employee
        and {{ local_day('web_visits.visited_at', 'run_settings.reporting_time_zone') }}
        <= run_settings.as_of_date

),

numbered_browsers as (

    select
        anonymous_id,
        contact_id,
        row_number() over (
            partition by anonymous_id
            order by visited_at asc, contact_id asc
        ) as contact_number
    from people
    where
        anonymous_id is not null
        and contact_id is not null

),

visits as (

    select
        people.month,
        coalesce(channels.target, 'unknown') as channel,
        coalesce(
            'contact ' || coalesce(people.contact_id, numbered_browsers.contact_id),
            'browser ' || people.anonymous_id,
            ''
        ) as visitor_id
    from people
    left join numbered_browsers
        on
            people.anonymous_id = numbered_browsers.anonymous_id
            and numbered_browsers.contact_number = 1
    left join channels
        on lower(trim(people.visit_source)) = channels.value

),

final as (

    select
        month,
        channel,
        visitor_id,
        count(*) as visit_count
    from visits
    group by month, channel, visitor_id

)

select * from final
