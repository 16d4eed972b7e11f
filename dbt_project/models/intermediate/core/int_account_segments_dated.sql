-- Grain: one row per account and stretch of months in which its segments stayed the
-- same: those from valid_from up to, not including, valid_to. The stretches of an
-- account follow each other without a gap from 1900 on; the last ends in the year 9999.
-- An account stands in the country of its earliest billing customer, whose id it
-- carries, and in what its company of the CRM says: each property from the company of
-- the account that is asked first and has it. What is not known is 'unknown'.
with

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

companies_crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

properties as (

    select * from {{ ref('int_company_properties_dated') }}

),

countries as (

    select * from {{ ref('country_regions') }}

),

country_names as (

    select * from {{ ref('int_country_names') }}

),

mappings as (

    select * from {{ ref('int_segment_mappings_overridden') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

account_ids as (

    select account_id from accounts
    union
    select account_id from companies_crosswalk

),

candidates as (

    select
        account_id,
        property_name,
        company_id,
        max(
            case
                when
                    valid_to = {{ end_of_all_months() }}
                    and property_value is not null
                    then 1
                else 0
            end
        ) as has_it_now
    from properties
    group by account_id, property_name, company_id

),

-- Whom to ask for a property: who has it now, then the company that others were merged
-- into, then one that is still there, then the oldest.
sources as (

    select
        candidates.property_name,
        candidates.company_id,
        row_number() over (
            partition by candidates.account_id, candidates.property_name
            order by
                candidates.has_it_now desc,
                case
                    when
                        companies_crosswalk.company_id
                        = companies_crosswalk.surviving_company_id
                        then 0
                    else 1
                end asc,
                case when companies.is_deleted then 1 else 0 end asc,
                companies.created_at asc nulls last,
                candidates.company_id asc
        ) as source_number
    from candidates
    inner join companies_crosswalk
        on candidates.company_id = companies_crosswalk.company_id
    left join companies
        on candidates.company_id = companies.company_id

),

account_properties as (

    select
        properties.account_id,
        properties.property_name,
        properties.property_value,
        properties.valid_from,
        properties.valid_to
    from properties
    inner join sources
        on
            properties.company_id = sources.company_id
            and properties.property_name = sources.property_name
    where sources.source_number = 1

),

starts as (

    select
        account_id,
        {{ first_month_of_all() }} as valid_from
    from account_ids
    union
    select
        account_id,
        valid_from
    from account_properties

),

described as (

    select
        starts.account_id,
        starts.valid_from,
        max(
            case
                when account_properties.property_name = 'country'
                    then account_properties.property_value
            end
        ) as country,
        max(
            case
                when account_properties.property_name = 'industry'
                    then account_properties.property_value
            end
        ) as industry,
        max(
            case
                when account_properties.property_name = 'numberofemployees'
                    then account_properties.property_value
            end
        ) as employee_count,
        max(
            case
                when account_properties.property_name = 'hs_analytics_source'
                    then account_properties.property_value
            end
        ) as analytics_source,
        max(
            case
                when account_properties.property_name = 'deployment_type'
                    then account_properties.property_value
            end
        ) as deployment_type
    from starts
    left join account_properties
        on
            starts.account_id = account_properties.account_id
            and starts.valid_from >= account_properties.valid_from
            and starts.valid_from < account_properties.valid_to
    group by starts.account_id, starts.valid_from

),

placed as (

    select
        described.account_id,
        described.valid_from,
        coalesce(customers.country_code, country_names.country_code) as country_code,
        verticals.target as vertical,
        case
            when
                {{ typed_count('described.employee_count') }}
                < run_settings.sme_below_employees
                then 'sme'
            when
                {{ typed_count('described.employee_count') }}
                >= run_settings.sme_below_employees
                then 'large'
        end as organization_size,
        channels.target as acquisition_channel,
        deployments.target as company_deployment
    from described
    cross join run_settings
    left join customers
        on described.account_id = customers.customer_id
    left join country_names
        on upper(described.country) = country_names.country_name
    left join mappings as verticals
        on
            verticals.mapping = 'industry'
            and lower(described.industry) = verticals.value
    left join mappings as channels
        on
            channels.mapping = 'analytics_source'
            and lower(described.analytics_source) = channels.value
    left join mappings as deployments
        on
            deployments.mapping = 'deployment_type'
            and lower(described.deployment_type) = deployments.value

),

segmented as (

    select
        placed.account_id,
        placed.valid_from,
        coalesce(placed.country_code, 'unknown') as country,
        coalesce(countries.region, 'unknown') as region,
        coalesce(placed.vertical, 'unknown') as vertical,
        coalesce(placed.organization_size, 'unknown') as organization_size,
        coalesce(placed.acquisition_channel, 'unknown') as acquisition_channel,
        coalesce(placed.company_deployment, 'unknown') as company_deployment
    from placed
    left join countries
        on placed.country_code = countries.country_code

),

compared as (

    select
        *,
        lag(country) over (partition by account_id order by valid_from)
            as country_before,
        lag(vertical) over (partition by account_id order by valid_from)
            as vertical_before,
        lag(organization_size) over (partition by account_id order by valid_from)
            as organization_size_before
    from segmented

),

-- Two spellings of one country, and head counts on one side of the threshold, are one
-- segment.
changes as (

    select *
    from compared
    where
        country_before is null
        or country_before <> country
        or vertical_before <> vertical
        or organization_size_before <> organization_size

),

final as (

    select
        account_id,
        valid_from,
        coalesce(
            lead(valid_from) over (partition by account_id order by valid_from),
            {{ end_of_all_months() }}
        ) as valid_to,
        country,
        region,
        vertical,
        organization_size,
        acquisition_channel,
        region || ' / ' || vertical as region_vertical,
        company_deployment
    from changes

)

select * from final
