-- Grain: one row per company of the CRM and day.
with

source as (

    select * from {{ source('crm', 'product_usage') }}

),

final as (

    select
        company_id,
        date as usage_date,
        seats_active,
        seats_paid,
        daily_active_users,
        monthly_active_users,
        key_events,
        compute_units
    from source

)

select * from final
