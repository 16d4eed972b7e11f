-- Grain: one row per surviving company, with the richest of what its cards say.
-- Each field is of the first card that has it: the surviving one, then the oldest. A
-- company that only other records name has nothing but its id.
{%- set fields = [
    'company_name', 'domain_name', 'industry', 'country', 'city', 'lifecycle_stage',
    'analytics_source', 'deployment_type', 'employee_count', 'annual_revenue',
    'owner_id', 'country_code', 'parent_company_id'
] %}
with

crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

identities as (

    select * from {{ ref('stg_identity__companies') }}

),

-- The parent as it stands today; one that has become the same company is none.
parents as (

    select
        identities.company_id,
        parent_crosswalk.surviving_company_id as parent_company_id
    from identities
    inner join crosswalk as parent_crosswalk
        on identities.parent_company_id = parent_crosswalk.company_id
    where parent_crosswalk.surviving_company_id <> identities.surviving_company_id

),

cards as (

    select
        crosswalk.surviving_company_id,
        crosswalk.account_id,
        crosswalk.is_billed,
        crosswalk.member_number,
        crosswalk.is_person,
        {%- for field in [
            'company_name', 'domain_name', 'industry', 'country', 'city',
            'lifecycle_stage', 'analytics_source', 'deployment_type', 'owner_id'
        ] %}
        case
            when trim(companies.{{ field }}) <> '' then trim(companies.{{ field }})
        end as {{ field }},
        {%- endfor %}
        companies.employee_count,
        companies.annual_revenue,
        companies.created_at,
        companies.is_deleted,
        identities.country_code,
        parents.parent_company_id
    from crosswalk
    left join identities
        on crosswalk.company_id = identities.company_id
    -- One that was created after the as-of is named and no more.
    left join companies
        on
            identities.company_id = companies.company_id
            and identities.is_in_export
    left join parents
        on crosswalk.company_id = parents.company_id

),

ranked as (

    select
        {%- for field in fields %}
        {{ field }},
        row_number() over (
            partition by surviving_company_id
            order by case when {{ field }} is null then 1 else 0 end, member_number
        ) as {{ field }}_number,
        {%- endfor %}
        surviving_company_id,
        account_id,
        is_billed,
        created_at,
        is_deleted,
        is_person
    from cards

),

final as (

    select
        surviving_company_id as company_id,
        min(account_id) as account_id,
        max(case when is_billed then 1 else 0 end) = 1 as is_billed,
        {%- for field in fields %}
        max(case when {{ field }}_number = 1 then {{ field }} end) as {{ field }},
        {%- endfor %}
        min(created_at) as created_at,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted,
        max(case when is_person then 1 else 0 end) = 1 as is_person,
        cast(count(*) as integer) as card_count
    from ranked
    group by surviving_company_id

)

select * from final
