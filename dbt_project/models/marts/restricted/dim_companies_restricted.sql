-- Grain: one row per company that the CRM, or a ticket, usage or work record, names,
-- with how it is reached. Restricted.
with

crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

details as (

    select * from {{ ref('stg_crm__company_details') }}

),

final as (

    select
        crosswalk.company_id,
        crosswalk.surviving_company_id,
        crosswalk.account_id,
        details.company_name,
        details.domain_name,
        details.phone,
        details.company_id is not null as is_in_export
    from crosswalk
    left join details
        on crosswalk.company_id = details.company_id

)

select * from final
