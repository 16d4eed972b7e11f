-- Grain: one row per table of the CRM on leads, deals, visits and marketing, and use:
-- what became of its rows, the rows that count with what they are, the others with why
-- not.
{%- set read_only_tables = [
    ['deal_pipeline_stage', 'deal_pipeline_stages', 'stage of a pipeline'],
    ['owner', 'owners', 'no model uses it yet']
] %}
with

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

contacts_crosswalk as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

leads as (

    select * from {{ ref('int_leads') }}

),

form_submissions as (

    select * from {{ ref('stg_crm__contact_form_submissions') }}

),

contact_history as (

    select * from {{ ref('stg_crm__contact_property_history') }}

),

deals as (

    select * from {{ ref('stg_crm__deals') }}

),

deal_companies as (

    select * from {{ ref('stg_crm__deal_companies') }}

),

deal_stages as (

    select * from {{ ref('stg_crm__deal_stages') }}

),

deal_history as (

    select * from {{ ref('stg_crm__deal_property_history') }}

),

deal_values as (

    select * from {{ ref('int_deal_property_values') }}

),

dated_stages as (

    select * from {{ ref('int_deal_stages_dated') }}

),

web_visits as (

    select * from {{ ref('stg_crm__web_visits') }}

),

spends as (

    select * from {{ ref('stg_crm__marketing_spends') }}

),

search_interests as (

    select * from {{ ref('stg_crm__search_interests') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

pipeline_stages as (

    select * from {{ ref('stg_crm__deal_pipeline_stages') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

staged_deals as (

    select distinct deal_id from dated_stages

),

described as (

    select
        'contact' as table_name,
        case
            when contacts_crosswalk.contact_id is null then 'after the as-of'
            when leads.surviving_contact_id is null then 'contact, no lead'
            when contacts_crosswalk.contact_id <> leads.surviving_contact_id
                then 'merged into a lead'
            else 'lead'
        end as row_use
    from contacts
    left join contacts_crosswalk
        on contacts.contact_id = contacts_crosswalk.contact_id
    left join leads
        on contacts_crosswalk.surviving_contact_id = leads.surviving_contact_id
    union all
    select
        'contact_form_submission' as table_name,
        case
            when
                {{ local_day(
                    'form_submissions.submitted_at', 'run_settings.reporting_time_zone'
                ) }} > run_settings.as_of_date
                then 'after the as-of'
            when contacts_crosswalk.contact_id is null
                then 'of a contact that came after the as-of'
            when
                form_submissions.form_type in (
                    'gated_download',
                    'contact',
                    'newsletter',
                    'trial',
                    'demo_request',
                    'sign_up'
                )
                then 'form of a lead'
            else 'of a kind that qualifies nobody'
        end as row_use
    from form_submissions
    cross join run_settings
    left join contacts_crosswalk
        on form_submissions.contact_id = contacts_crosswalk.contact_id
    union all
    select
        'contact_property_history' as table_name,
        case
            when contact_history.property_name <> 'hubspotscore'
                then 'a property that no model reads'
            when
                {{ local_day(
                    'contact_history.valid_from_at', 'run_settings.reporting_time_zone'
                ) }} > run_settings.as_of_date
                then 'after the as-of'
            when contacts_crosswalk.contact_id is null
                then 'of a contact that came after the as-of'
            when
                try_cast(trim(contact_history.property_value) as decimal(18, 6))
                is null
                then 'no number'
            else 'score of a lead'
        end as row_use
    from contact_history
    cross join run_settings
    left join contacts_crosswalk
        on contact_history.contact_id = contacts_crosswalk.contact_id
    union all
    select
        'deal' as table_name,
        case
            when deals.is_deleted then 'deleted'
            when staged_deals.deal_id is null
                then 'in no stage of a pipeline by the as-of'
            else 'deal of the pipeline'
        end as row_use
    from deals
    left join staged_deals
        on deals.deal_id = staged_deals.deal_id
    union all
    select
        'deal_company' as table_name,
        case
            when deals.deal_id is null then 'of a deal that is not in the export'
            when deals.is_deleted then 'of a deal that is deleted'
            when companies.company_id is null
                then 'of a company that came after the as-of'
            else 'company of a deal'
        end as row_use
    from deal_companies
    left join deals
        on deal_companies.deal_id = deals.deal_id
    left join companies
        on deal_companies.company_id = companies.company_id
    union all
    select
        'deal_stage' as table_name,
        case
            when deals.deal_id is null then 'of a deal that is not in the export'
            when deals.is_deleted then 'of a deal that is deleted'
            when pipeline_stages.stage_id is null then 'a stage of no pipeline'
            when dated_stages.deal_id is null then 'after the as-of'
            else 'stage of a deal'
        end as row_use
    from deal_stages
    left join deals
        on deal_stages.deal_id = deals.deal_id
    left join pipeline_stages
        on deal_stages.stage_id = pipeline_stages.stage_id
    left join dated_stages
        on
            deal_stages.deal_id = dated_stages.deal_id
            and deal_stages.stage_id = dated_stages.stage_id
            and deal_stages.entered_at = dated_stages.valid_from_at
    union all
    select
        'deal_property_history' as table_name,
        case
            when deal_history.property_name not in ('amount', 'closedate')
                then 'a property that no model reads'
            when deals.deal_id is null then 'of a deal that is not in the export'
            when deals.is_deleted then 'of a deal that is deleted'
            when
                {{ local_day(
                    'deal_history.valid_from_at', 'run_settings.reporting_time_zone'
                ) }} > run_settings.as_of_date
                then 'after the as-of'
            when deal_values.is_empty then 'taken away'
            when not deal_values.is_readable then 'cannot be read'
            else 'value of a deal'
        end as row_use
    from deal_history
    cross join run_settings
    left join deals
        on deal_history.deal_id = deals.deal_id
    left join deal_values
        on
            deal_history.deal_id = deal_values.deal_id
            and deal_history.property_name = deal_values.property_name
            and deal_history.valid_from_at = deal_values.valid_from_at
    union all
    select
        'web_visit' as table_name,
        case
            when web_visits.is_bot then 'of a bot'
            when web_visits.is_employee then 'of staff'
            when web_visits.visited_at is null then 'of no day'
            when
                {{ local_day(
                    'web_visits.visited_at', 'run_settings.reporting_time_zone'
                ) }} > run_settings.as_of_date
                then 'after the as-of'
            when
                web_visits.anonymous_id is null
                and web_visits.contact_id is null
                then 'visit of nobody'
            else 'visit of a visitor'
        end as row_use
    from web_visits
    cross join run_settings
    union all
    select
        'marketing_spend' as table_name,
        case
            when spends.spent_on is null then 'of no day'
            when spends.amount_in_currency is null then 'without an amount'
            when spends.spent_on > run_settings.as_of_date then 'after the as-of'
            else 'spend of a channel'
        end as row_use
    from spends
    cross join run_settings
    union all
    select
        'search_interest' as table_name,
        case
            when search_interests.volume_date > run_settings.as_of_date
                then 'after the as-of'
            when search_interests.is_own then 'searches for an own term'
            else 'searches for another term'
        end as row_use
    from search_interests
    cross join run_settings
    {%- for table, entities, row_use in read_only_tables %}
    union all
    select
        '{{ table }}' as table_name,
        '{{ row_use }}' as row_use
    from {{ ref('stg_crm__' ~ entities) }}
    {%- endfor %}

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
