-- Grain: one row per company that the CRM names, with how it is reached. Restricted.
with

source as (

    select * from {{ source('identity', 'companies') }}

),

final as (

    select
        company_id,
        name_core,
        legal_form,
        domain as registered_domain,
        phone_e164,
        phone_extension,
        phone_status
    from source

)

select * from final
