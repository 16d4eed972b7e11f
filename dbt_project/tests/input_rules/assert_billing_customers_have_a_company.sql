-- Who is billed is somebody in the CRM, where there is one: else the customer has no
-- vertical, no size and no health. Those that only an invoice names are gone.
with

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

crm as (

    select count(*) as company_count
    from companies

)

select
    'billing.customer' as raw_table,
    accounts.customer_id as row_id,
    'id' as column_name,
    accounts.customer_id as rejected_value,
    'Expected a company of the CRM that is this customer; see fct_identity_reviews '
    || 'for doubtful ones, and decide in policy identity_decisions.' as reason
from accounts
inner join customers
    on accounts.customer_id = customers.customer_id
cross join crm
where
    crm.company_count > 0
    and accounts.crm_company_id is null
    and customers.is_in_export
    and not customers.is_deleted
