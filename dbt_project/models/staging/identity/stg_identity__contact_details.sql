-- Grain: one row per contact that the CRM names, with how the person is reached.
-- Restricted.
with

source as (

    select * from {{ source('identity', 'contacts') }}

),

final as (

    select
        contact_id,
        email_normalized,
        email_canonical,
        email_domain,
        is_free_email,
        phone_e164,
        phone_extension,
        phone_status
    from source

)

select * from final
