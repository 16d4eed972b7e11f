-- Grain: one row per account.
with

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

countries as (

    select * from {{ ref('country_regions') }}

),

companies as (

    select * from {{ ref('int_companies_by_account') }}

),

intervals as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

account_customers as (

    select
        accounts.account_id,
        accounts.match_method,
        customers.customer_id,
        customers.customer_name,
        customers.country_code,
        customers.currency_code,
        customers.created_at,
        customers.is_deleted
    from accounts
    inner join customers
        on accounts.customer_id = customers.customer_id

),

grouped as (

    select
        account_id,
        min(match_method) as match_method,
        {{ ordered_list('customer_id') }} as billing_customer_ids,
        min(created_at) as created_at,
        max(case when is_deleted then 0 else 1 end) = 1 as is_in_billing
    from account_customers
    group by account_id

),

final as (

    select
        grouped.account_id,
        -- The account is named and placed by its earliest billing customer, whose id it
        -- carries.
        named.customer_name as account_name,
        cast(null as string) as parent_account_id,
        grouped.billing_customer_ids,
        companies.crm_company_id,
        countries.region,
        named.country_code as country,
        cast(null as string) as vertical,
        cast(null as string) as organization_size,
        intervals.deployment,
        cast(null as string) as acquisition_channel,
        named.currency_code as billing_currency_code,
        grouped.created_at,
        intervals.first_paid_date,
        intervals.cohort_month,
        grouped.match_method,
        grouped.is_in_billing
    from grouped
    inner join account_customers as named
        on grouped.account_id = named.customer_id
    left join intervals
        on grouped.account_id = intervals.account_id
    left join countries
        on named.country_code = countries.country_code
    left join companies
        on grouped.account_id = companies.account_id
    union all
    select
        account_id,
        company_name as account_name,
        cast(null as string) as parent_account_id,
        cast(null as string) as billing_customer_ids,
        crm_company_id,
        region,
        country_code as country,
        cast(null as string) as vertical,
        cast(null as string) as organization_size,
        cast(null as string) as deployment,
        cast(null as string) as acquisition_channel,
        cast(null as string) as billing_currency_code,
        created_at,
        cast(null as date) as first_paid_date,
        cast(null as date) as cohort_month,
        'crm_company' as match_method,
        false as is_in_billing
    from companies
    where not is_billed

)

select * from final
