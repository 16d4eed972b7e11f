-- Grain: one row per subscription item and gap_from: over [gap_from, gap_to), UTC, we
-- do not count it although it was served before, while another definition may.
-- `ended`: the subscription has ended within a period that was paid. `past_due`: given
-- up by our policy within a period that was billed. `unbilled`: the period is over and
-- the subscription, which has not ended, has not been billed again for any item.
with

statements as (

    select * from {{ ref('int_item_statements') }}

),

service as (

    select * from {{ ref('int_item_service_intervals') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

statements_with_next as (

    select
        *,
        lead(period_start_at, 1, {{ end_of_time() }}) over (
            partition by subscription_item_id
            order by period_start_at
        ) as next_start_at
    from statements

),

served_statements as (

    select
        subscription_item_id,
        statement_start_at,
        max(valid_to) as served_until_at
    from service
    group by subscription_item_id, statement_start_at

),

ends as (

    select
        statements_with_next.subscription_item_id,
        statements_with_next.subscription_id,
        statements_with_next.period_start_at,
        statements_with_next.next_start_at,
        least(
            statements_with_next.period_end_at, statements_with_next.next_start_at
        ) as billed_until_at,
        served_statements.served_until_at,
        invoices.invoice_status,
        invoices.defaulted_from,
        invoices.settled_at,
        subscriptions.ended_at,
        coalesce(subscriptions.ended_at, {{ end_of_time() }}) as open_until_at,
        subscriptions.subscription_status
    from statements_with_next
    inner join served_statements
        on
            statements_with_next.subscription_item_id
            = served_statements.subscription_item_id
            and statements_with_next.period_start_at
            = served_statements.statement_start_at
    inner join subscriptions
        on statements_with_next.subscription_id = subscriptions.subscription_id
    left join invoices
        on statements_with_next.invoice_id = invoices.invoice_id

),

moments as (

    select
        subscription_id,
        subscription_item_id,
        period_start_at,
        period_start_at as moment_at,
        1 as is_start
    from statements
    where not is_credit
    union all
    select
        subscription_id,
        subscription_item_id,
        period_start_at,
        greatest(billed_until_at, served_until_at) as moment_at,
        0 as is_start
    from ends

),

-- Billed again: the first statement of any of the subscription's items at or after an
-- end.
billed_again as (

    select
        *,
        min(case when is_start = 1 then moment_at end) over (
            partition by subscription_id
            order by moment_at, is_start, subscription_item_id, period_start_at
            rows between current row and unbounded following
        ) as billed_again_at
    from moments

),

gaps as (

    select
        subscription_item_id,
        period_start_at as statement_start_at,
        served_until_at,
        'ended' as gap_type,
        served_until_at as gap_from,
        billed_until_at as gap_to
    from ends
    where
        served_until_at = ended_at
        and invoice_status = 'paid'
        -- A line without an end has no period that was paid.
        and billed_until_at < {{ end_of_time() }}
    union all
    select
        subscription_item_id,
        period_start_at as statement_start_at,
        defaulted_from as served_until_at,
        'past_due' as gap_type,
        defaulted_from as gap_from,
        least(settled_at, billed_until_at, open_until_at) as gap_to
    from ends
    where defaulted_from > period_start_at
    union all
    select
        ends.subscription_item_id,
        ends.period_start_at as statement_start_at,
        ends.served_until_at,
        'unbilled' as gap_type,
        billed_again.moment_at as gap_from,
        least(
            coalesce(billed_again.billed_again_at, {{ end_of_time() }}),
            ends.next_start_at,
            ends.open_until_at
        ) as gap_to
    from ends
    inner join billed_again
        on
            ends.subscription_item_id = billed_again.subscription_item_id
            and ends.period_start_at = billed_again.period_start_at
            and billed_again.is_start = 0
    where
        -- Neither renewed nor taken away by a credit.
        ends.billed_until_at < ends.next_start_at
        and (
            ends.served_until_at >= ends.billed_until_at
            or ends.defaulted_from is not null
        )
        and (
            ends.ended_at is not null
            or ends.subscription_status not in (
                'canceled', 'incomplete', 'incomplete_expired'
            )
        )

),

final as (

    select
        subscription_item_id,
        gap_from,
        gap_to,
        gap_type,
        statement_start_at,
        served_until_at
    from gaps
    where gap_from < gap_to

)

select * from final
