-- Grain: one row per account that a company of the CRM belongs to: the company that its
-- billing customers are, else the surviving one of the lowest id; what it says of an
-- account that was never billed; and the account of its parent.
with

companies as (

    select * from {{ ref('int_companies_survived') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

linked_companies as (

    select distinct crm_company_id
    from accounts
    where crm_company_id is not null

),

numbered as (

    select
        companies.*,
        row_number() over (
            partition by companies.account_id
            order by
                case when linked_companies.crm_company_id is null then 1 else 0 end,
                companies.company_id
        ) as company_number
    from companies
    left join linked_companies
        on companies.company_id = linked_companies.crm_company_id

),

final as (

    select
        numbered.account_id,
        numbered.company_id as crm_company_id,
        numbered.is_billed,
        numbered.company_name,
        numbered.created_at,
        -- A parent that is paid for by the same account is no other account.
        case
            when parents.account_id <> numbered.account_id then parents.account_id
        end as parent_account_id,
        numbered.is_person
    from numbered
    left join companies as parents
        on numbered.parent_company_id = parents.company_id
    where numbered.company_number = 1

)

select * from final
