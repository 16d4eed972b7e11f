-- Grain: one row per account and month in which it churned, with the reason why.
-- Read from dated facts, so that a past month keeps its reason: what is still served at
-- no charge, what was billed for the missing period, and how the subscriptions ended.
with

movements as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

months as (

    select * from {{ ref('int_months') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

lines as (

    select * from {{ ref('int_invoice_lines_classified') }}

),

billed_service as (

    select * from {{ ref('int_item_service_billed') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

churns as (

    select
        movements.account_id,
        movements.month,
        months.month_end_at
    from movements
    inner join months
        on movements.month = months.month
    where movements.movement_type = 'churn'

),

free_services as (

    select distinct
        churns.account_id,
        churns.month
    from churns
    inner join intervals
        on
            churns.account_id = intervals.account_id
            and intervals.mrr_amount_in_currency = 0
            and intervals.valid_from < churns.month_end_at
            and churns.month_end_at <= intervals.valid_to

),

-- Of a service that no line says the subscription of, the item stands for it.
lost_subscriptions as (

    select distinct
        churns.account_id,
        churns.month,
        churns.month_end_at,
        item_months.subscription_id,
        coalesce(item_months.subscription_id, item_months.subscription_item_id)
            as payer_id
    from churns
    inner join item_months
        on
            churns.account_id = item_months.account_id
            and churns.month = item_months.next_month
            and item_months.mrr_amount_in_currency > 0

),

-- Recurring service that was billed and then given up: the month's end falls into a
-- period whose invoice never counted.
unpaid_periods as (

    select
        lost_subscriptions.account_id,
        lost_subscriptions.month,
        lost_subscriptions.subscription_id,
        -- A subscription that ended inside such a period was given up, not paused.
        max(
            case
                when
                    lines.invoice_status in ('void', 'draft')
                    and coalesce(subscriptions.ended_at >= lines.period_end_at, true)
                    then 1
                else 0
            end
        ) as has_waived_period,
        max(case when subscriptions.ended_at < lines.period_end_at then 1 else 0 end)
            as has_ended_inside,
        max(
            case
                when lines.invoice_status in ('uncollectible', 'open') then 1
                else 0
            end
        ) as has_unpaid_period
    from lost_subscriptions
    inner join lines
        on
            lost_subscriptions.subscription_id = lines.subscription_id
            and lines.is_recurring_licensed
            and not lines.is_credit
            and (
                lines.exclusion_reason in (
                    'draft invoice', 'void invoice', 'uncollectible invoice'
                )
                or lines.exclusion_reason like 'open invoice of %'
            )
            and lines.period_start_at < lost_subscriptions.month_end_at
            and lost_subscriptions.month_end_at <= lines.period_end_at
    left join subscriptions
        on lost_subscriptions.subscription_id = subscriptions.subscription_id
    group by
        lost_subscriptions.account_id,
        lost_subscriptions.month,
        lost_subscriptions.subscription_id

),

-- Service given up because its invoice stayed past due for longer than policy allows,
-- and for nothing else: without that it would count at the month's end.
defaulted_periods as (

    select distinct
        lost_subscriptions.account_id,
        lost_subscriptions.month,
        lost_subscriptions.payer_id
    from lost_subscriptions
    inner join billed_service
        on
            lost_subscriptions.payer_id = coalesce(
                billed_service.subscription_id, billed_service.subscription_item_id
            )
            and billed_service.valid_from < lost_subscriptions.month_end_at
            and lost_subscriptions.month_end_at <= billed_service.valid_to
    inner join invoices
        on
            billed_service.invoice_id = invoices.invoice_id
            and invoices.defaulted_from < lost_subscriptions.month_end_at
            and lost_subscriptions.month_end_at <= invoices.settled_at

),

-- The export says only whether billing is paused now: it explains a gap that goes on,
-- not one that is over.
last_services as (

    select
        subscription_id,
        max(valid_from) as last_served_from
    from intervals
    group by subscription_id

),

reasons as (

    select
        lost_subscriptions.account_id,
        lost_subscriptions.month,
        case
            when
                coalesce(
                    subscriptions.ended_at >= lost_subscriptions.month_end_at, true
                )
                and (
                    unpaid_periods.has_waived_period = 1
                    or (
                        subscriptions.pause_collection_behavior is not null
                        and last_services.last_served_from
                        < lost_subscriptions.month_end_at
                    )
                )
                then 'pause'
            when
                (
                    subscriptions.ended_at < lost_subscriptions.month_end_at
                    or unpaid_periods.has_ended_inside = 1
                )
                and subscriptions.cancellation_reason in (
                    'payment_failed', 'payment_disputed'
                )
                then 'involuntary'
            when unpaid_periods.has_unpaid_period = 1 then 'involuntary'
            when defaulted_periods.payer_id is not null then 'involuntary'
            else 'voluntary'
        end as reason
    from lost_subscriptions
    left join subscriptions
        on lost_subscriptions.subscription_id = subscriptions.subscription_id
    left join last_services
        on lost_subscriptions.subscription_id = last_services.subscription_id
    left join unpaid_periods
        on
            lost_subscriptions.account_id = unpaid_periods.account_id
            and lost_subscriptions.month = unpaid_periods.month
            and lost_subscriptions.subscription_id = unpaid_periods.subscription_id
    left join defaulted_periods
        on
            lost_subscriptions.account_id = defaulted_periods.account_id
            and lost_subscriptions.month = defaulted_periods.month
            and lost_subscriptions.payer_id = defaulted_periods.payer_id

),

reasons_by_account as (

    select
        account_id,
        month,
        max(case when reason = 'pause' then 1 else 0 end) as has_pause,
        max(case when reason = 'involuntary' then 1 else 0 end) as has_involuntary
    from reasons
    group by account_id, month

),

final as (

    select
        churns.account_id,
        churns.month,
        -- The mildest reason decides: who is still served or only paused has not left.
        case
            when free_services.account_id is not null then 'to_free'
            when reasons_by_account.has_pause = 1 then 'pause'
            when reasons_by_account.has_involuntary = 1 then 'involuntary'
            else 'voluntary'
        end as movement_subtype
    from churns
    left join free_services
        on
            churns.account_id = free_services.account_id
            and churns.month = free_services.month
    left join reasons_by_account
        on
            churns.account_id = reasons_by_account.account_id
            and churns.month = reasons_by_account.month

)

select * from final
