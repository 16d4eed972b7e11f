-- Grain: one row per account that a company of the CRM belongs to: the surviving
-- company of the lowest id, and what it says of an account that was never billed.
with

crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

countries as (

    select * from {{ ref('country_regions') }}

),

first_companies as (

    select
        account_id,
        is_billed,
        min(surviving_company_id) as crm_company_id
    from crosswalk
    group by account_id, is_billed

),

final as (

    select
        first_companies.account_id,
        first_companies.crm_company_id,
        first_companies.is_billed,
        companies.company_name,
        -- As typed; what is no code is not guessed.
        countries.country_code,
        countries.region,
        companies.created_at
    from first_companies
    left join companies
        on first_companies.crm_company_id = companies.company_id
    left join countries
        on upper(trim(companies.country)) = countries.country_code

)

select * from final
