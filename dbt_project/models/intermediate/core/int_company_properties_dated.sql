-- Grain: one row per company of the CRM, property and stretch of months in which the
-- property had a value there. A month has the value of its end.
-- The first value is taken to have held from the beginning: a card that was filled in
-- later is no change of the company. The newest entry of a history says what the card
-- shows, where that shows anything; a property without a history is what the card says.
-- What was set after an as-of is not known. A number of employees that cannot be read
-- changes nothing. How a customer was won and how it runs the
-- product are read off the card: a later value corrects the earlier.
{%- set card_columns = {
    'country': 'country',
    'industry': 'industry',
    'numberofemployees': 'cast(employee_count as string)',
    'hs_analytics_source': 'analytics_source',
    'deployment_type': 'deployment_type',
} %}
with

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

history as (

    select * from {{ ref('stg_crm__company_property_history') }}

),

crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

cards as (

    {%- for property_name, column in card_columns.items() %}
    select
        company_id,
        '{{ property_name }}' as property_name,
        trim({{ column }}) as property_value
    from companies
    where
        trim({{ column }}) <> ''
        {%- if property_name == 'numberofemployees' %}
        and {{ typed_count(column) }} is not null
        {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

entries as (

    select
        history.company_id,
        history.property_name,
        history.set_at,
        {{ month_of(
            local_timestamp('history.set_at', 'run_settings.reporting_time_zone')
        ) }} as month,
        {{ is_known_by_the_as_of('history.set_at') }} as is_known,
        case when trim(history.property_value) <> '' then trim(history.property_value)
        end as property_value,
        row_number() over (
            partition by history.company_id, history.property_name
            order by history.set_at desc
        ) as newest_number
    from history
    cross join run_settings
    where history.property_name in ('country', 'industry', 'numberofemployees')

),

shown_entries as (

    select
        entries.company_id,
        entries.property_name,
        entries.month,
        entries.set_at,
        case
            when entries.newest_number = 1
                then coalesce(cards.property_value, entries.property_value)
            else entries.property_value
        end as property_value
    from entries
    left join cards
        on
            entries.company_id = cards.company_id
            and entries.property_name = cards.property_name
    where entries.is_known

),

known_entries as (

    select
        *,
        row_number() over (
            partition by company_id, property_name, month
            order by set_at desc
        ) as number_in_month
    from shown_entries
    where
        property_name <> 'numberofemployees'
        or property_value is null
        or {{ typed_count('property_value') }} is not null

),

monthly_values as (

    select
        company_id,
        property_name,
        month,
        property_value
    from known_entries
    where number_in_month = 1

),

-- Before the first value nothing was known.
first_values as (

    select
        company_id,
        property_name,
        min(month) as month,
        min_by(property_value, set_at) as property_value
    from known_entries
    where property_value is not null
    group by company_id, property_name

),

dated as (

    select
        company_id,
        property_name,
        property_value,
        {{ first_month_of_all() }} as valid_from
    from first_values
    union all
    select
        monthly_values.company_id,
        monthly_values.property_name,
        monthly_values.property_value,
        monthly_values.month as valid_from
    from monthly_values
    inner join first_values
        on
            monthly_values.company_id = first_values.company_id
            and monthly_values.property_name = first_values.property_name
    -- In its own month the first value stands already, unless it was corrected.
    where
        monthly_values.month > first_values.month
        or (
            monthly_values.month = first_values.month
            and coalesce(monthly_values.property_value, '')
            <> first_values.property_value
        )
    union all
    select
        cards.company_id,
        cards.property_name,
        cards.property_value,
        {{ first_month_of_all() }} as valid_from
    from cards
    left join first_values
        on
            cards.company_id = first_values.company_id
            and cards.property_name = first_values.property_name
    where first_values.company_id is null

),

final as (

    select
        dated.company_id,
        dated.property_name,
        crosswalk.account_id,
        dated.property_value,
        dated.valid_from,
        coalesce(
            lead(dated.valid_from) over (
                partition by dated.company_id, dated.property_name
                order by dated.valid_from
            ),
            {{ end_of_all_months() }}
        ) as valid_to
    from dated
    inner join crosswalk
        on dated.company_id = crosswalk.company_id

)

select * from final
