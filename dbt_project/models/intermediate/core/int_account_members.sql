-- Grain: one row per record of the billing system, the CRM and the ledger that is a
-- customer, a company or a person there, with the account that it belongs to.
with

customers as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

contacts as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

entities as (

    select * from {{ ref('stg_identity__ledger_entities') }}

),

final as (

    select
        'billing' as source_system,
        'customer' as object_type,
        customer_id as source_id,
        account_id,
        account_id as surviving_id,
        match_method,
        match_score
    from customers
    union all
    select
        'crm' as source_system,
        'company' as object_type,
        company_id as source_id,
        account_id,
        surviving_company_id as surviving_id,
        match_method,
        match_score
    from companies
    union all
    select
        'crm' as source_system,
        'contact' as object_type,
        contact_id as source_id,
        account_id,
        surviving_contact_id as surviving_id,
        match_method,
        match_score
    from contacts
    union all
    select
        'ledger' as source_system,
        'entity' as object_type,
        entities.entity_id as source_id,
        coalesce(customers.account_id, companies.account_id) as account_id,
        entities.entity_id as surviving_id,
        -- Of a customer whom the run does not see, nothing is known here either.
        case
            when coalesce(customers.account_id, companies.account_id) is null
                then 'unmatched'
            else entities.match_method
        end as match_method,
        case
            when coalesce(customers.account_id, companies.account_id) is not null
                then cast(1 as decimal(5, 4))
        end as match_score
    from entities
    left join customers
        on entities.customer_id = customers.customer_id
    left join companies
        on entities.company_id = companies.company_id

)

select * from final
