-- Grain: one row per account, with the segments that it belongs to as a whole.
-- The account is placed by its earliest billing customer, whose id it carries, or where
-- it was never billed by the company of the CRM; what is not known is the segment
-- 'unknown'.
with

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

companies as (

    select * from {{ ref('int_companies_by_account') }}

),

countries as (

    select * from {{ ref('country_regions') }}

),

account_ids as (

    select distinct account_id from accounts

),

final as (

    select
        account_ids.account_id,
        coalesce(customers.country_code, 'unknown') as country,
        coalesce(countries.region, 'unknown') as region
    from account_ids
    left join customers
        on account_ids.account_id = customers.customer_id
    left join countries
        on customers.country_code = countries.country_code
    union all
    select
        account_id,
        coalesce(country_code, 'unknown') as country,
        coalesce(region, 'unknown') as region
    from companies
    where not is_billed

)

select * from final
