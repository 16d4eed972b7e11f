-- Grain: one row per ticket that was opened before the as-of.
with

tickets as (

    select * from {{ ref('int_tickets_answered') }}

),

final as (

    select
        ticket_id,
        account_id,
        month,
        team,
        priority,
        category,
        created_at,
        first_replied_at,
        closed_at,
        reply_due_at,
        {{ seconds_to_minutes('reply_seconds') }} as first_reply_minutes,
        reply_status,
        is_entitled,
        cast(handled_minutes as decimal(18, 6)) as handled_minutes
    from tickets

)

select * from final
