-- Grain: one row per surviving company of the CRM and day up to the as-of, with the
-- account that it belongs to: what it used of the product.
-- Companies that were merged use the product together. A number below 0 is none: it is
-- not known.
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
        companies.surviving_company_id,
        companies.account_id,
        product_usages.usage_date,
        cast(
            sum({{ known_count('product_usages.seats_active') }}) as bigint
        ) as seats_active,
        cast(
            sum({{ known_count('product_usages.seats_paid') }}) as bigint
        ) as seats_paid,
        cast(
            sum({{ known_count('product_usages.daily_active_users') }}) as bigint
        ) as daily_active_users,
        cast(
            sum({{ known_count('product_usages.monthly_active_users') }}) as bigint
        ) as monthly_active_users,
        cast(
            sum({{ known_count('product_usages.key_events') }}) as bigint
        ) as key_events
    from product_usages
    inner join companies
        on product_usages.company_id = companies.company_id
    inner join run_settings
        on product_usages.usage_date <= run_settings.as_of_date
    group by
        companies.surviving_company_id,
        companies.account_id,
        product_usages.usage_date

)

select * from final
