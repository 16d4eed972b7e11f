-- Grain: one row per billing customer, with how it is reached. Restricted.
with

source as (

    select * from {{ source('identity', 'billing_customers') }}

),

final as (

    select
        customer_id,
        name_core,
        phone_e164,
        phone_extension,
        phone_status
    from source

)

select * from final
