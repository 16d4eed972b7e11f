-- Grain: one row per subscription item and valid_from: by what was billed, the item
-- is in service on this price with this quantity over [valid_from, valid_to), UTC, paid
-- for or not. Clipped to the subscription, its trial and the included first year of
-- maintenance. Definitions 1.1, steps 2, 3 and 5.
with

statements as (

    select * from {{ ref('int_item_statements') }}

),

counting_lines as (

    select *
    from {{ ref('int_invoice_lines_classified') }}
    where exclusion_reason is null

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

first_paid_lines_of_subscriptions as (

    select
        subscription_id,
        min(period_start_at) as first_paid_at
    from counting_lines
    where amount_minor <> 0
    group by subscription_id

),

first_paid_lines_of_items as (

    select
        subscription_item_id,
        min(period_start_at) as first_paid_at
    from counting_lines
    where amount_minor <> 0
    group by subscription_item_id

),

trials as (

    select
        subscriptions.subscription_id,
        coalesce(subscriptions.trial_start_at, {{ start_of_time() }}) as trial_start_at,
        coalesce(subscriptions.trial_end_at, {{ end_of_time() }}) as trial_end_at
    from subscriptions
    left join first_paid_lines_of_subscriptions
        on
            subscriptions.subscription_id
            = first_paid_lines_of_subscriptions.subscription_id
    where
        (
            subscriptions.trial_start_at is not null
            or subscriptions.trial_end_at is not null
        )
        -- A trial that ends when or before it starts is none.
        and coalesce(subscriptions.trial_start_at, {{ start_of_time() }})
        < coalesce(subscriptions.trial_end_at, {{ end_of_time() }})
        -- A free month given to a payer is a one-off discount, not a drop.
        and (
            first_paid_lines_of_subscriptions.first_paid_at is null
            or first_paid_lines_of_subscriptions.first_paid_at
            >= coalesce(subscriptions.trial_end_at, {{ end_of_time() }})
        )

),

statements_with_next as (

    select
        *,
        lead(period_start_at) over (
            partition by subscription_item_id
            order by period_start_at
        ) as next_start_at,
        lead(is_credit) over (
            partition by subscription_item_id
            order by period_start_at
        ) as is_next_credit
    from statements

),

held as (

    select
        statements_with_next.*,
        case
            when
                statements_with_next.next_start_at
                <= statements_with_next.period_end_at
                then statements_with_next.next_start_at
            -- A renewal that was billed late: the service went on.
            when
                not statements_with_next.is_next_credit
                and statements_with_next.next_start_at
                <= {{ add_days_to_timestamp(
                    'statements_with_next.period_end_at',
                    'run_settings.renewal_grace_days'
                ) }}
                then statements_with_next.next_start_at
            else statements_with_next.period_end_at
        end as held_until_at
    from statements_with_next
    cross join run_settings

),

clipped as (

    select
        held.subscription_item_id,
        held.subscription_id,
        held.customer_id,
        held.price_id,
        held.currency_code,
        held.quantity,
        held.minimum_quantity,
        held.invoice_line_item_id,
        held.invoice_id,
        held.period_start_at as statement_start_at,
        held.held_until_at,
        case
            when held.licence_type = 'maintenance'
                then
                    greatest(
                        held.period_start_at,
                        coalesce(
                            first_paid_lines_of_items.first_paid_at, {{ end_of_time() }}
                        )
                    )
            else held.period_start_at
        end as valid_from,
        least(
            held.held_until_at,
            coalesce(subscriptions.ended_at, {{ end_of_time() }})
        ) as valid_to
    from held
    left join subscriptions
        on held.subscription_id = subscriptions.subscription_id
    left join first_paid_lines_of_items
        on held.subscription_item_id = first_paid_lines_of_items.subscription_item_id
    where not held.is_credit

),

before_trial as (

    select
        clipped.*,
        trials.trial_start_at
    from clipped
    left join trials
        on clipped.subscription_id = trials.subscription_id

),

after_trial as (

    select
        clipped.*,
        trials.trial_end_at
    from clipped
    inner join trials
        on clipped.subscription_id = trials.subscription_id

),

outside_trials as (

    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        quantity,
        minimum_quantity,
        invoice_line_item_id,
        invoice_id,
        statement_start_at,
        held_until_at,
        valid_from,
        least(valid_to, coalesce(trial_start_at, {{ end_of_time() }})) as valid_to
    from before_trial
    union all
    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        quantity,
        minimum_quantity,
        invoice_line_item_id,
        invoice_id,
        statement_start_at,
        held_until_at,
        greatest(valid_from, trial_end_at) as valid_from,
        valid_to
    from after_trial

),

final as (

    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        cast(quantity as bigint) as quantity,
        greatest(
            cast(quantity as bigint), coalesce(cast(minimum_quantity as bigint), 0)
        ) as billable_quantity,
        invoice_line_item_id,
        invoice_id,
        statement_start_at,
        held_until_at,
        valid_from,
        valid_to
    from outside_trials
    where valid_from < valid_to

)

select * from final
