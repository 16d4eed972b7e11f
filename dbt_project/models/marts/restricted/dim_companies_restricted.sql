-- Grain: one row per company that the CRM, or a ticket, usage or work record, names,
-- with how it is reached. Restricted.
with

crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

details as (

    select * from {{ ref('stg_crm__company_details') }}

),

reaches as (

    select * from {{ ref('stg_identity__company_details') }}

),

final as (

    select
        crosswalk.company_id,
        crosswalk.surviving_company_id,
        crosswalk.account_id,
        details.company_name,
        reaches.name_core,
        reaches.legal_form,
        details.domain_name,
        reaches.registered_domain,
        details.phone,
        reaches.phone_e164,
        reaches.phone_extension,
        reaches.phone_status,
        details.company_id is not null as is_in_export
    from crosswalk
    left join details
        on crosswalk.company_id = details.company_id
    left join reaches
        on crosswalk.company_id = reaches.company_id

)

select * from final
