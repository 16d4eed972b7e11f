-- Grain: one row per call, e-mail, meeting or note.
with

source as (

    select * from {{ source('crm', 'engagement') }}

),

final as (

    select
        id as engagement_id,
        company_id,
        contact_id,
        owner_id,
        lower(trim(type)) as engagement_type,
        occurred_at
    from source

)

select * from final
