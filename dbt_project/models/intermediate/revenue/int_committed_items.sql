-- Grain: one row per subscription that was agreed before it starts and item of it, with
-- the item's present price and quantity; both are NULL where only invoices name it.
-- It is committed from agreed_at until it starts, is given up, or ends.
-- Definitions 1.5.
with

subscriptions as (

    select *
    from {{ ref('int_subscriptions_visible') }}
    where
        created_at < started_at
        and subscription_status not in ('incomplete', 'incomplete_expired')

),

subscription_items as (

    select * from {{ ref('stg_billing__subscription_items') }}

),

statements as (

    select * from {{ ref('int_item_statements') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

exported_items as (

    select
        subscription_items.subscription_item_id,
        subscription_items.subscription_id,
        prices.price_id,
        prices.currency_code,
        case
            when prices.price_id is not null
                then
                    greatest(
                        cast(coalesce(subscription_items.quantity, 1) as bigint),
                        coalesce(
                            try_cast(subscription_items.minimum_quantity as bigint), 0
                        )
                    )
        end as billable_quantity
    from subscription_items
    left join prices
        on
            subscription_items.price_id = prices.price_id
            and prices.is_recurring_licensed
    where
        subscription_items.is_live
        and not subscription_items.is_deleted

),

invoiced_items as (

    select distinct
        subscription_item_id,
        subscription_id
    from statements

),

named_items as (

    select
        subscription_item_id,
        subscription_id
    from exported_items
    union
    select
        subscription_item_id,
        subscription_id
    from invoiced_items

),

final as (

    select
        named_items.subscription_item_id,
        subscriptions.subscription_id,
        subscriptions.customer_id,
        exported_items.price_id,
        exported_items.currency_code,
        exported_items.billable_quantity,
        subscriptions.created_at as agreed_at,
        least(
            subscriptions.started_at,
            coalesce(subscriptions.canceled_at, {{ end_of_time() }}),
            coalesce(subscriptions.ended_at, {{ end_of_time() }})
        ) as committed_until
    from subscriptions
    inner join named_items
        on subscriptions.subscription_id = named_items.subscription_id
    left join exported_items
        on
            named_items.subscription_item_id = exported_items.subscription_item_id
            and named_items.subscription_id = exported_items.subscription_id

)

select * from final
