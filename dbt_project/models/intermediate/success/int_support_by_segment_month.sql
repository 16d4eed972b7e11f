-- Grain: one row per segment type, segment and month in which a ticket was opened or at
-- whose end one was open; segment type and segment 'all' are the company as a whole.
-- A ticket stands in the segment that its account had in the month; one of no account
-- in 'unknown'.
with

tickets as (

    select * from {{ ref('int_tickets_answered') }}

),

months as (

    select * from {{ ref('int_months') }}

),

segments as (

    select * from {{ ref('int_account_segments_dated') }}

),

health_bands as (

    select * from {{ ref('int_health_bands_by_account_month') }}

),

ticket_months as (

    select
        months.month,
        tickets.ticket_id,
        tickets.account_id,
        tickets.month = months.month as is_opened,
        coalesce(tickets.closed_at >= months.month_end_at, true) as is_open,
        tickets.reply_status,
        tickets.reply_seconds,
        tickets.is_entitled,
        tickets.handled_minutes
    from tickets
    inner join months
        on
            tickets.created_at < months.month_end_at
            and (
                tickets.month = months.month
                or coalesce(tickets.closed_at >= months.month_end_at, true)
            )

),

segmented as (

    select
        ticket_months.*,
        'all' as company,
        {%- for segment_type in dated_segment_types().split() %}
        coalesce(segments.{{ segment_type }}, 'unknown') as {{ segment_type }},
        {%- endfor %}
        coalesce(health_bands.health_band, 'unknown') as health_band
    from ticket_months
    left join segments
        on
            ticket_months.account_id = segments.account_id
            and ticket_months.month >= segments.valid_from
            and ticket_months.month < segments.valid_to
    left join health_bands
        on
            ticket_months.account_id = health_bands.account_id
            and ticket_months.month = health_bands.month

),

unpivoted as (

    select
        'all' as segment_type,
        'all' as segment,
        segmented.*
    from segmented
    {%- for segment_type in account_segment_types().split() %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        segmented.{{ segment_type }} as segment,
        segmented.*
    from segmented
    {%- endfor %}

),

replies_numbered as (

    select
        segment_type,
        segment,
        month,
        reply_seconds,
        row_number() over (
            partition by segment_type, segment, month
            order by reply_seconds, ticket_id
        ) as reply_number,
        count(*) over (partition by segment_type, segment, month) as reply_count
    from unpivoted
    where
        is_opened
        and reply_seconds is not null

),

medians as (

    select
        segment_type,
        segment,
        month,
        -- The middle reply twice, or the two in the middle.
        sum(reply_seconds) * case when max(reply_count) % 2 = 1 then 2 else 1 end
            as twice_median_seconds
    from replies_numbered
    where
        reply_number * 2 >= reply_count
        and reply_number * 2 <= reply_count + 2
    group by segment_type, segment, month

),

summed as (

    select
        segment_type,
        segment,
        month,
        sum(case when is_opened then 1 else 0 end) as tickets,
        sum(case when is_opened and reply_seconds is not null then 1 else 0 end)
            as answered_tickets,
        sum(case when is_opened and reply_status = 'in_time' then 1 else 0 end)
            as in_time_tickets,
        sum(
            case
                when is_opened and reply_status in ('late', 'unanswered') then 1
                else 0
            end
        ) as breached_tickets,
        sum(case when is_opened and reply_status = 'waiting' then 1 else 0 end)
            as waiting_tickets,
        sum(
            case
                when is_opened and reply_status = 'closed_without_reply' then 1
                else 0
            end
        ) as closed_without_reply_tickets,
        sum(case when is_opened and not is_entitled then 1 else 0 end)
            as unentitled_tickets,
        sum(case when is_open then 1 else 0 end) as open_tickets,
        sum(case when is_opened then coalesce(reply_seconds, 0) else 0 end)
            as reply_seconds,
        sum(case when is_opened then coalesce(handled_minutes, 0) else 0 end)
            as handled_minutes
    from unpivoted
    group by segment_type, segment, month

),

final as (

    select
        summed.segment_type,
        summed.segment,
        summed.month,
        summed.tickets,
        summed.answered_tickets,
        summed.in_time_tickets,
        summed.breached_tickets,
        summed.waiting_tickets,
        summed.closed_without_reply_tickets,
        summed.unentitled_tickets,
        summed.open_tickets,
        summed.reply_seconds,
        medians.twice_median_seconds,
        summed.handled_minutes
    from summed
    left join medians
        on
            summed.segment_type = medians.segment_type
            and summed.segment = medians.segment
            and summed.month = medians.month

)

select * from final
