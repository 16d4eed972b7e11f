-- Grain: one row per support ticket. Its subject, which may name people, stays out.
with

source as (

    select * from {{ source('crm', 'ticket') }}

),

final as (

    select
        id as ticket_id,
        company_id,
        team,
        property_hs_ticket_priority as priority,
        property_hs_ticket_category as category,
        handled_minutes,
        property_createdate as created_at,
        property_first_agent_reply_date as first_replied_at,
        property_closed_date as closed_at,
        coalesce(is_deleted, false) as is_deleted
    from source

)

select * from final
