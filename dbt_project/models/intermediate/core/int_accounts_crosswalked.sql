-- Grain: one row per billing customer, with the account it belongs to.
-- Billing customers of one company of the CRM are one account, and so are those of no
-- company that people have decided to be one; any other is an account by itself. The
-- account keeps the id of its earliest billing customer, so that linking renames
-- nothing.
with

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

identities as (

    select * from {{ ref('stg_identity__billing_customers') }}

),

identified as (

    select
        customers.customer_id,
        customers.created_at,
        identities.crm_company_id,
        identities.joined_customer_id,
        coalesce(identities.match_method, 'billing_customer') as match_method,
        identities.match_score,
        coalesce(identities.is_person, false) as is_person
    from customers
    left join identities
        on customers.customer_id = identities.customer_id

),

final as (

    select
        customer_id,
        case
            when crm_company_id is null and joined_customer_id is null then customer_id
            else
                first_value(customer_id) over (
                    partition by crm_company_id, joined_customer_id
                    order by created_at asc nulls last, customer_id asc
                )
        end as account_id,
        match_method,
        match_score,
        crm_company_id,
        is_person
    from identified

)

select * from final
