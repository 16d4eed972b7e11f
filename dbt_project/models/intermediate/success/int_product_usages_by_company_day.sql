-- Grain: one row per company of the CRM and day up to the as-of, with the company that
-- it was merged into and the account that it belongs to: what it used of the product.
-- A number below 0 is none: it is not known. Records of merged companies stay apart, so
-- that nothing is set against what another record says.
with

product_usages as (

    select * from {{ ref('stg_crm__product_usages') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        product_usages.company_id,
        companies.surviving_company_id,
        companies.account_id,
        product_usages.usage_date,
        {{ known_count('product_usages.seats_active') }} as seats_active,
        {{ known_count('product_usages.seats_paid') }} as seats_paid,
        {{ known_count('product_usages.daily_active_users') }} as daily_active_users,
        {{ known_count('product_usages.monthly_active_users') }}
            as monthly_active_users,
        {{ known_count('product_usages.key_events') }} as key_events
    from product_usages
    inner join companies
        on product_usages.company_id = companies.company_id
    inner join run_settings
        on product_usages.usage_date <= run_settings.as_of_date

)

select * from final
