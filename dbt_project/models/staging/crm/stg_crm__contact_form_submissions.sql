-- Grain: one row per contact, form and time at which it was sent.
with

source as (

    select * from {{ source('crm', 'contact_form_submission') }}

),

final as (

    select
        contact_id,
        form_id,
        lower(trim(form_type)) as form_type,
        timestamp as submitted_at
    from source

)

select * from final
