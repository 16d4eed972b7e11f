-- Grain: one row per billing customer: those of the export (test mode left out, deleted
-- ones kept, since their history is), and those that only an invoice or a subscription
-- still names.
with

customers as (

    select * from {{ ref('stg_billing__customers') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

named_customers as (

    select customer_id from {{ ref('int_invoices_visible') }}
    union
    select customer_id from {{ ref('int_subscriptions_visible') }}

),

exported_customers as (

    select customers.*
    from customers
    cross join run_settings
    where
        customers.is_live
        and (
            not run_settings.is_as_of_given
            or coalesce(customers.created_at < run_settings.as_of_at, true)
        )

),

all_customers as (

    select customer_id from exported_customers
    union
    select customer_id from named_customers

),

final as (

    select
        all_customers.customer_id,
        exported_customers.customer_name,
        exported_customers.currency_code,
        exported_customers.country_code,
        exported_customers.city,
        exported_customers.created_at,
        exported_customers.customer_id is not null as is_in_export,
        coalesce(exported_customers.is_deleted, false) as is_deleted
    from all_customers
    left join exported_customers
        on all_customers.customer_id = exported_customers.customer_id

)

select * from final
