-- Grain: one row per answer to the NPS survey. The comment, which may name people,
-- stays out.
with

source as (

    select * from {{ source('crm', 'feedback_submission') }}

),

final as (

    select
        id as feedback_id,
        contact_id,
        company_id,
        survey_id,
        value as answer,
        submitted_at
    from source

)

select * from final
