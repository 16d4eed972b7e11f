-- Grain: one row per segment type, segment and month in which a ticket was opened or at
-- whose end one was open.
with

support as (

    select * from {{ ref('int_support_by_segment_month') }}
    where segment_type <> 'all'

),

months as (

    select * from {{ ref('int_months') }}

),

final as (

    select
        support.segment_type,
        support.segment,
        support.month,
        cast(support.tickets as bigint) as tickets,
        cast(support.answered_tickets as bigint) as answered_tickets,
        cast(support.in_time_tickets as bigint) as in_time_tickets,
        cast(support.breached_tickets as bigint) as breached_tickets,
        cast(support.waiting_tickets as bigint) as waiting_tickets,
        cast(support.closed_without_reply_tickets as bigint)
            as closed_without_reply_tickets,
        cast(support.unentitled_tickets as bigint) as unentitled_tickets,
        cast(support.open_tickets as bigint) as open_tickets,
        {{ ratio(
            'support.in_time_tickets',
            'support.in_time_tickets + support.breached_tickets'
        ) }} as in_time_rate,
        case
            when support.answered_tickets > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('support.reply_seconds'),
                    exact_integer('support.answered_tickets * 60')
                ) }}
        end as average_first_reply_minutes,
        case
            when support.twice_median_seconds is not null
                then {{ round_quotient_to_mrr(
                    exact_integer('support.twice_median_seconds'),
                    exact_integer('120')
                ) }}
        end as median_first_reply_minutes,
        cast(support.handled_minutes as decimal(24, 6)) as handled_minutes,
        coalesce(months.is_complete_month, true) as is_complete_month
    from support
    left join months
        on support.month = months.month

)

select * from final
