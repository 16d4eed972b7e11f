-- Grain: one row per billing customer, with who it is and how it is reached.
-- Restricted.
with

source as (

    select * from {{ source('billing', 'customer') }}

),

final as (

    select
        id as customer_id,
        name as customer_name,
        email,
        phone,
        description
    from source

)

select * from final
