-- What cannot be read of leads and marketing qualifies nobody and leads to no channel:
-- kinds of forms, scores that are no numbers, sources and channels of spend that policy
-- segment_mappings does not name, spend of no day or without an amount.
with

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

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

spends as (

    select * from {{ ref('stg_crm__marketing_spends') }}

),

mappings as (

    select * from {{ ref('int_segment_mappings_overridden') }}

),

named_values as (

    select
        'analytics_source' as mapping,
        'crm.contact' as raw_table,
        'property_hs_analytics_source' as column_name,
        trim(analytics_source) as named_value
    from contacts
    where trim(analytics_source) <> ''
    union all
    select
        'visit_source' as mapping,
        'crm.web_visit' as raw_table,
        'source' as column_name,
        trim(visit_source) as named_value
    from web_visits
    where
        trim(visit_source) <> ''
        and not is_bot
        and not is_employee
    union all
    select
        'spend_channel' as mapping,
        'crm.marketing_spend' as raw_table,
        'channel' as column_name,
        trim(spend_channel) as named_value
    from spends

),

findings as (

    select
        'crm.contact_form_submission' as raw_table,
        min(form_id) as row_id,
        'form_type' as column_name,
        coalesce(form_type, 'NULL') as rejected_value,
        'Expected gated_download, contact, newsletter, demo_request, trial or sign_up: '
        || cast(count(*) as string)
        || ' forms qualify nobody.' as reason
    from form_submissions
    where
        coalesce(
            form_type not in (
                'gated_download',
                'contact',
                'newsletter',
                'demo_request',
                'trial',
                'sign_up'
            ),
            true
        )
    group by form_type
    union all
    select
        'crm.contact_property_history' as raw_table,
        min(contact_id) as row_id,
        'value' as column_name,
        property_value as rejected_value,
        'Expected points of hubspotscore as a number: '
        || cast(count(*) as string)
        || ' rows qualify nobody.' as reason
    from property_history
    where
        property_name = 'hubspotscore'
        and trim(property_value) <> ''
        and try_cast(trim(property_value) as decimal(18, 6)) is null
    group by property_value
    union all
    select
        named_values.raw_table,
        named_values.mapping as row_id,
        named_values.column_name,
        coalesce(named_values.named_value, 'NULL') as rejected_value,
        'Policy segment_mappings has no such '
        || named_values.mapping
        || ': '
        || cast(count(*) as string)
        || ' rows are of the channel unknown.' as reason
    from named_values
    left join mappings
        on
            named_values.mapping = mappings.mapping
            and lower(named_values.named_value) = mappings.value
    where mappings.value is null
    group by
        named_values.raw_table,
        named_values.mapping,
        named_values.column_name,
        named_values.named_value
    union all
    select
        'crm.marketing_spend' as raw_table,
        coalesce(spend_channel, 'NULL') as row_id,
        case when spent_on is null then 'date' else 'amount' end as column_name,
        'NULL' as rejected_value,
        'Expected the day of the spend and its amount: '
        || cast(count(*) as string)
        || ' rows are left out.' as reason
    from spends
    where
        spent_on is null
        or amount_in_currency is null
    group by
        coalesce(spend_channel, 'NULL'),
        case when spent_on is null then 'date' else 'amount' end

)

select
    raw_table,
    row_id,
    column_name,
    rejected_value,
    reason
from findings
