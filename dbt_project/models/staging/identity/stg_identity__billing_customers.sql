-- Grain: one row per billing customer, with the company of the CRM that it is.
with

source as (

    select * from {{ source('identity', 'billing_customers') }}

),

final as (

    select
        customer_id,
        crm_company_id,
        joined_customer_id,
        match_method,
        match_score,
        is_person
    from source

)

select * from final
