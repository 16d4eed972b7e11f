-- Grain: one row per billing customer, with the account it belongs to.
-- A billing customer is an account by itself until a CRM company joins several; the
-- account keeps the id of its earliest billing customer, so that linking renames
-- nothing.
with

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

final as (

    select
        customer_id,
        customer_id as account_id,
        'billing_customer' as match_method
    from customers

)

select * from final
