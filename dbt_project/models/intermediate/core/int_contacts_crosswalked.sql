-- Grain: one row per contact that the CRM names, with the company and the account that
-- it belongs to.
-- Duplicates, and what was merged, follow the contact that stands for them, and are of
-- the company that the oldest of them names. One of no company is of no account. A
-- deleted contact keeps its history.
with

contacts as (

    select * from {{ ref('stg_identity__contacts') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

final as (

    select
        contacts.contact_id,
        contacts.surviving_contact_id,
        companies.surviving_company_id as company_id,
        companies.account_id,
        contacts.member_number,
        contacts.match_method,
        contacts.match_score
    from contacts
    left join companies
        on contacts.company_id = companies.company_id

)

select * from final
