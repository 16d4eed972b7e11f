-- Grain: one row per ticket that was opened before the as-of: how long its first reply
-- took in seconds of support hours, and whether that was in time.
-- Times are cut to whole seconds. What happened from the as-of on is not known yet. A
-- ticket that was closed without a reply asks for none, unless it was closed too late
-- for one.
with

tickets as (

    select * from {{ ref('stg_crm__tickets') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

calendar as (

    select * from {{ ref('int_support_hours_by_day') }}

),

entitlements as (

    select * from {{ ref('int_support_entitlements_dated') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

known as (

    select
        tickets.ticket_id,
        companies.account_id,
        tickets.team,
        tickets.priority,
        tickets.category,
        tickets.handled_minutes,
        date_trunc('second', tickets.created_at) as created_at,
        -- What is dated before the ticket happened with it.
        case
            when tickets.first_replied_at < run_settings.as_of_at
                then
                    date_trunc(
                        'second', greatest(tickets.first_replied_at, tickets.created_at)
                    )
        end as first_replied_at,
        case
            when tickets.closed_at < run_settings.as_of_at
                then
                    date_trunc(
                        'second', greatest(tickets.closed_at, tickets.created_at)
                    )
        end as closed_at,
        run_settings.as_of_at,
        run_settings.reporting_time_zone,
        run_settings.support_time_zone,
        {{ exact_integer('run_settings.first_reply_minutes * 60') }} as limit_seconds
    from tickets
    inner join run_settings
        on tickets.created_at < run_settings.as_of_at
    left join companies
        on tickets.company_id = companies.company_id
    where not tickets.is_deleted

),

moments as (

    select
        ticket_id,
        'created' as moment,
        created_at as happened_at,
        {{ local_day('created_at', 'support_time_zone') }} as support_date
    from known
    union all
    select
        ticket_id,
        'replied' as moment,
        first_replied_at as happened_at,
        {{ local_day('first_replied_at', 'support_time_zone') }} as support_date
    from known
    where first_replied_at is not null

),

-- Support hours since the calendar began, up to each moment.
positions as (

    select
        moments.ticket_id,
        moments.moment,
        min(calendar.seconds_before)
        + sum(
            case
                when calendar.opens_at < moments.happened_at
                    then
                        {{ seconds_between(
                            'calendar.opens_at',
                            'least(moments.happened_at, calendar.closes_at)'
                        ) }}
                else 0
            end
        ) as position_seconds
    from moments
    inner join calendar
        on moments.support_date = calendar.support_date
    group by moments.ticket_id, moments.moment

),

positions_by_ticket as (

    select
        ticket_id,
        max(case when moment = 'created' then position_seconds end) as created_position,
        max(case when moment = 'replied' then position_seconds end) as replied_position
    from positions
    group by ticket_id

),

due as (

    select
        known.*,
        positions_by_ticket.replied_position
        - positions_by_ticket.created_position as reply_seconds,
        -- The last moment at which a reply is in time: where the limit ends with a day
        -- of support, the opening of the next.
        {{ add_seconds(
            'calendar.opens_at',
            'positions_by_ticket.created_position + known.limit_seconds'
            ~ ' - calendar.seconds_before'
        ) }} as reply_due_at
    from known
    inner join positions_by_ticket
        on known.ticket_id = positions_by_ticket.ticket_id
    left join calendar
        on
            positions_by_ticket.created_position + known.limit_seconds
            >= calendar.seconds_before
            and positions_by_ticket.created_position + known.limit_seconds
            < calendar.seconds_after

),

entitled as (

    select distinct due.ticket_id
    from due
    inner join entitlements
        on
            due.account_id = entitlements.account_id
            and due.created_at >= entitlements.valid_from
            and due.created_at < entitlements.valid_to

),

final as (

    select
        due.ticket_id,
        due.account_id,
        {{ month_of(local_day('due.created_at', 'due.reporting_time_zone')) }} as month,
        due.team,
        due.priority,
        due.category,
        due.handled_minutes,
        due.created_at,
        due.first_replied_at,
        due.closed_at,
        due.reply_due_at,
        cast(due.reply_seconds as bigint) as reply_seconds,
        case
            when due.first_replied_at <= due.reply_due_at then 'in_time'
            when due.first_replied_at > due.reply_due_at then 'late'
            -- Too far ahead for the calendar: whoever replied was in time.
            when due.first_replied_at is not null then 'in_time'
            when due.closed_at > due.reply_due_at then 'unanswered'
            when due.closed_at is not null then 'closed_without_reply'
            when due.as_of_at > due.reply_due_at then 'unanswered'
            else 'waiting'
        end as reply_status,
        case when due.account_id is not null then entitled.ticket_id is not null end
            as is_entitled
    from due
    left join entitled
        on due.ticket_id = entitled.ticket_id

)

select * from final
