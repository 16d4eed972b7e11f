-- Grain: one row per company that the CRM or a record of work names, with the account
-- that it belongs to.
-- Duplicates, and what was merged, follow the company that stands for them. That is of
-- the account of the billing customers that are it, else of the one that its cards
-- name, which may be its parent's; else it is an account of its own. A deleted company
-- keeps its history.
with

companies as (

    select * from {{ ref('stg_identity__companies') }}

),

time_entries as (

    select * from {{ ref('stg_ledger__time_entries') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

-- What is neither a company of the CRM nor a billing customer is still somebody.
companies_of_work as (

    select distinct time_entries.account_external_id as company_id
    from time_entries
    left join accounts
        on time_entries.account_external_id = accounts.customer_id
    left join companies
        on time_entries.account_external_id = companies.company_id
    where
        time_entries.account_external_id is not null
        and accounts.customer_id is null
        and companies.company_id is null

),

named_companies as (

    select
        company_id,
        surviving_company_id,
        member_number,
        match_method,
        match_score,
        billing_customer_id,
        is_person
    from companies
    union all
    select
        company_id,
        company_id as surviving_company_id,
        1 as member_number,
        'itself' as match_method,
        cast(1 as decimal(5, 4)) as match_score,
        cast(null as string) as billing_customer_id,
        false as is_person
    from companies_of_work

),

accounts_by_company as (

    select
        crm_company_id,
        min(account_id) as account_id
    from accounts
    where crm_company_id is not null
    group by crm_company_id

),

named_accounts as (

    select
        named_companies.surviving_company_id,
        accounts.account_id,
        row_number() over (
            partition by named_companies.surviving_company_id
            order by named_companies.member_number
        ) as account_number
    from named_companies
    inner join accounts
        on named_companies.billing_customer_id = accounts.customer_id

),

final as (

    select
        named_companies.company_id,
        named_companies.surviving_company_id,
        coalesce(
            accounts_by_company.account_id,
            named_accounts.account_id,
            'crm:' || named_companies.surviving_company_id
        ) as account_id,
        coalesce(
            accounts_by_company.account_id, named_accounts.account_id
        ) is not null as is_billed,
        named_companies.member_number,
        named_companies.match_method,
        named_companies.match_score,
        named_companies.is_person
    from named_companies
    left join accounts_by_company
        on named_companies.surviving_company_id = accounts_by_company.crm_company_id
    left join named_accounts
        on
            named_companies.surviving_company_id
            = named_accounts.surviving_company_id
            and named_accounts.account_number = 1

)

select * from final
