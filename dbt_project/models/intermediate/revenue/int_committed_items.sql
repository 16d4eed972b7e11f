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
        subscription_items.price_id as stated_price_id,
        subscription_items.quantity as stated_quantity,
        subscription_items.minimum_quantity as stated_minimum_quantity,
        prices.price_id is not null as has_price,
        case when prices.is_recurring_licensed then prices.price_id end as price_id,
        prices.currency_code,
        -- NULL where either cannot be read, which stops publication.
        case
            when
                prices.is_recurring_licensed
                and subscription_items.quantity >= 0
                and (
                    subscription_items.minimum_quantity is null
                    or {{ is_whole_number(
                        'subscription_items.minimum_quantity', 0
                    ) }}
                )
                then
                    greatest(
                        cast(subscription_items.quantity as bigint),
                        coalesce(
                            try_cast(subscription_items.minimum_quantity as bigint), 0
                        )
                    )
        end as billable_quantity
    from subscription_items
    left join prices
        on subscription_items.price_id = prices.price_id
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
        exported_items.stated_price_id,
        exported_items.stated_quantity,
        exported_items.stated_minimum_quantity,
        exported_items.has_price,
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
