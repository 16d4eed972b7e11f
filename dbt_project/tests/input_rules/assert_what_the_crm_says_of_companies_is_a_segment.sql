-- What stands in no mapping is the segment 'unknown'. A number of employees that cannot
-- be read is none.
with

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

history as (

    select * from {{ ref('stg_crm__company_property_history') }}

),

properties as (

    select * from {{ ref('int_company_properties_dated') }}

),

country_names as (

    select * from {{ ref('int_country_names') }}

),

mappings as (

    select * from {{ ref('int_segment_mappings_overridden') }}

),

mapped as (

    select
        properties.company_id,
        properties.property_name,
        properties.property_value,
        case properties.property_name
            when 'industry' then 'industry'
            when 'hs_analytics_source' then 'analytics_source'
            when 'deployment_type' then 'deployment_type'
        end as mapping
    from properties
    where properties.property_value is not null

),

findings as (

    select
        mapped.company_id,
        mapped.property_name,
        mapped.property_value,
        'Add it to the mapping ' || mapped.mapping || '.' as reason
    from mapped
    left join mappings
        on
            mapped.mapping = mappings.mapping
            and lower(mapped.property_value) = mappings.value
    where
        mapped.mapping is not null
        and mappings.value is null
    union all
    select
        mapped.company_id,
        mapped.property_name,
        mapped.property_value,
        'Expected a code of ISO 3166-1 or the name of a country.' as reason
    from mapped
    left join country_names
        on upper(mapped.property_value) = country_names.country_name
    where
        mapped.property_name = 'country'
        and country_names.country_name is null

),

typed_employees as (

    select
        company_id,
        cast(employee_count as string) as property_value
    from companies
    union all
    select
        company_id,
        property_value
    from history
    where property_name = 'numberofemployees'

)

select
    'crm.company' as raw_table,
    min(company_id) as row_id,
    'property_' || property_name as column_name,
    property_value as rejected_value,
    'The segment of so many companies is unknown: '
    || cast(count(distinct company_id) as string)
    || '. '
    || reason as reason
from findings
group by property_name, property_value, reason
union all
select
    'crm.company' as raw_table,
    min(company_id) as row_id,
    'property_numberofemployees' as column_name,
    property_value as rejected_value,
    'Expected a number of employees, in digits such as 1200 or 1,200; the one before'
    || ' stays, of so many companies: '
    || cast(count(distinct company_id) as string)
    || '.' as reason
from typed_employees
where
    trim(property_value) <> ''
    and {{ typed_count('property_value') }} is null
group by property_value
