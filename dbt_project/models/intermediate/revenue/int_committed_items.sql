-- Grain: one row per item of a subscription that was agreed before it starts, with its
-- present price and quantity.
-- It is committed from agreed_at until it starts, is given up, or ends.
-- Definitions 1.5.
with

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

subscription_items as (

    select * from {{ ref('stg_billing__subscription_items') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

final as (

    select
        subscription_items.subscription_item_id,
        subscriptions.subscription_id,
        subscriptions.customer_id,
        subscription_items.price_id,
        prices.currency_code,
        greatest(
            cast(coalesce(subscription_items.quantity, 1) as bigint),
            coalesce(try_cast(subscription_items.minimum_quantity as bigint), 0)
        ) as billable_quantity,
        subscriptions.created_at as agreed_at,
        least(
            subscriptions.started_at,
            coalesce(subscriptions.canceled_at, {{ end_of_time() }}),
            coalesce(subscriptions.ended_at, {{ end_of_time() }})
        ) as committed_until
    from subscriptions
    inner join subscription_items
        on subscriptions.subscription_id = subscription_items.subscription_id
    inner join prices
        on subscription_items.price_id = prices.price_id
    where
        subscriptions.created_at < subscriptions.started_at
        and subscriptions.subscription_status not in (
            'incomplete', 'incomplete_expired'
        )
        and subscription_items.is_live
        and not subscription_items.is_deleted
        and prices.is_recurring_licensed

)

select * from final
