-- Grain: one row per contact that the CRM names, with who the person is. Restricted.
with

crosswalk as (

    select * from {{ ref('int_contacts_crosswalked') }}

),

details as (

    select * from {{ ref('stg_crm__contact_details') }}

),

reaches as (

    select * from {{ ref('stg_identity__contact_details') }}

),

final as (

    select
        crosswalk.contact_id,
        crosswalk.surviving_contact_id,
        crosswalk.company_id,
        crosswalk.account_id,
        details.first_name,
        details.last_name,
        case when not {{ is_erased_address('details.email') }} then details.email end
            as email,
        case
            when not {{ is_erased_address('details.email') }}
                then reaches.email_normalized
        end as email_normalized,
        case
            when not {{ is_erased_address('details.email') }}
                then reaches.email_canonical
        end as email_canonical,
        reaches.is_free_email,
        details.phone,
        reaches.phone_e164,
        reaches.phone_extension,
        reaches.phone_status,
        details.job_title,
        details.buying_role,
        details.country,
        details.created_at,
        details.contact_id is not null as is_in_export,
        coalesce(details.is_deleted, false) as is_deleted,
        {{ is_erased_address('details.email') }} as is_erased
    from crosswalk
    left join details
        on crosswalk.contact_id = details.contact_id
    left join reaches
        on crosswalk.contact_id = reaches.contact_id

)

select * from final
