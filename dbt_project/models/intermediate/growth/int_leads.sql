-- Grain: one row per surviving contact that ever was a lead.
-- The day of a stage is the first on which it or a later one was reached, so that a
-- stage that was skipped has the day of the next. An account becomes a customer once,
-- on the day from which it first pays: that is its first lead's, if that came by then.
-- Who first shows up when the account pays already is a lead from then on, and won
-- nothing.
with

lead_stages as (

    select * from {{ ref('int_lead_stages_dated') }}

),

crosswalk as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

acquisitions as (

    select * from {{ ref('int_acquisitions_by_account') }}

),

channels as (

    select * from {{ ref('int_segment_mappings_overridden') }}
    where mapping = 'analytics_source'

),

accounts_of_contacts as (

    select
        surviving_contact_id,
        min(company_id) as company_id,
        min(account_id) as account_id
    from crosswalk
    group by surviving_contact_id

),

-- Where somebody came from is known to the oldest card that says so.
numbered_sources as (

    select
        crosswalk.surviving_contact_id,
        contacts.analytics_source,
        row_number() over (
            partition by crosswalk.surviving_contact_id
            order by contacts.created_at asc nulls last, contacts.contact_id asc
        ) as source_number
    from contacts
    inner join crosswalk
        on contacts.contact_id = crosswalk.contact_id
    where trim(contacts.analytics_source) <> ''

),

own_dates as (

    select
        surviving_contact_id,
        min(first_date) as first_date,
        min(case when stage = 'mql' then first_date end) as mql_date,
        min(case when stage = 'sql' then first_date end) as sql_date,
        min(case when stage = 'opportunity' then first_date end) as opportunity_date,
        min(case when stage = 'crm_customer' then first_date end) as crm_customer_date,
        min(case when stage = 'trial' then first_date end) as trial_date,
        min(case when stage = 'sign_up' then first_date end) as sign_up_date
    from lead_stages
    group by surviving_contact_id

),

described as (

    select
        own_dates.surviving_contact_id,
        accounts_of_contacts.company_id,
        accounts_of_contacts.account_id,
        coalesce(channels.target, 'unknown') as channel,
        own_dates.first_date,
        own_dates.mql_date,
        own_dates.sql_date,
        own_dates.opportunity_date,
        own_dates.crm_customer_date,
        own_dates.trial_date,
        own_dates.sign_up_date,
        acquisitions.first_paid_date
    from own_dates
    inner join accounts_of_contacts
        on own_dates.surviving_contact_id = accounts_of_contacts.surviving_contact_id
    left join numbered_sources
        on
            own_dates.surviving_contact_id = numbered_sources.surviving_contact_id
            and numbered_sources.source_number = 1
    left join channels
        on lower(trim(numbered_sources.analytics_source)) = channels.value
    left join acquisitions
        on accounts_of_contacts.account_id = acquisitions.account_id

),

-- Those without an account are each the first of nobody.
ranked as (

    select
        *,
        row_number() over (
            partition by account_id
            order by first_date asc, surviving_contact_id asc
        ) as lead_number,
        row_number() over (
            partition by account_id
            order by trial_date asc nulls last, surviving_contact_id asc
        ) as trial_number,
        row_number() over (
            partition by account_id
            order by sign_up_date asc nulls last, surviving_contact_id asc
        ) as sign_up_number
    from described

),

won as (

    select
        *,
        account_id is not null and lead_number = 1 as is_first_of_account,
        case
            when lead_number = 1 and first_date <= first_paid_date
                then first_paid_date
        end as customer_date,
        -- Who tries what the account pays for already is not won by it either.
        case
            when trial_number = 1 and trial_date <= first_paid_date
                then first_paid_date
        end as trial_customer_date,
        case
            when sign_up_number = 1 and sign_up_date <= first_paid_date
                then first_paid_date
        end as sign_up_customer_date
    from ranked

),

final as (

    select
        surviving_contact_id,
        company_id,
        account_id,
        channel,
        is_first_of_account,
        least(first_date, customer_date) as lead_date,
        least(mql_date, sql_date, opportunity_date, crm_customer_date, customer_date)
            as mql_date,
        least(sql_date, opportunity_date, crm_customer_date, customer_date) as sql_date,
        least(opportunity_date, crm_customer_date, customer_date) as opportunity_date,
        customer_date,
        trial_date,
        trial_customer_date,
        sign_up_date,
        sign_up_customer_date
    from won

)

select * from final
