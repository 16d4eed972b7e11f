-- Grain: one row per account, day, subscription item and event number: a dated change
-- of an item's MRR.
-- Classed by what the change made of the account in that currency, all its items netted
-- at the instant.
with

changes as (

    select * from {{ ref('int_item_mrr_changes') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

account_changes as (

    select
        account_id,
        currency_code,
        changed_at,
        sum(change_amount_in_currency) as change_amount_in_currency
    from changes
    group by account_id, currency_code, changed_at

),

account_balances as (

    select
        account_id,
        currency_code,
        changed_at,
        change_amount_in_currency,
        sum(change_amount_in_currency) over (
            partition by account_id, currency_code
            order by changed_at
            rows between unbounded preceding and current row
        ) as balance_after,
        row_number() over (
            partition by account_id, currency_code
            order by changed_at
        ) = 1 as is_first_change
    from account_changes

),

classed as (

    select
        changes.*,
        {{ month_of('changes.event_date') }} as month,
        account_balances.balance_after,
        account_balances.balance_after
        - account_balances.change_amount_in_currency as balance_before,
        account_balances.is_first_change
    from changes
    inner join account_balances
        on
            changes.account_id = account_balances.account_id
            and changes.currency_code = account_balances.currency_code
            and changes.changed_at = account_balances.changed_at

),

final as (

    select
        classed.account_id,
        classed.event_date,
        classed.subscription_item_id,
        cast(
            row_number() over (
                partition by
                    classed.account_id,
                    classed.event_date,
                    classed.subscription_item_id
                order by classed.changed_at, classed.currency_code
            ) as integer
        ) as event_number,
        classed.changed_at,
        classed.subscription_id,
        classed.currency_code,
        classed.change_amount_in_currency,
        -- Both sides at the month's closing rate, so that the events of an item sum to
        -- its organic change.
        cast(
            {{ convert_mrr(
                'classed.to_mrr_amount_in_currency', 'exchange_rates.exchange_rate'
            ) }}
            - {{ convert_mrr(
                'classed.from_mrr_amount_in_currency', 'exchange_rates.exchange_rate'
            ) }}
            as decimal(18, 4)
        ) as change_amount,
        case
            when classed.balance_before = 0 and classed.is_first_change then 'new'
            when classed.balance_before = 0 then 'reactivation'
            when classed.balance_after = 0 then 'churn'
            when classed.change_amount_in_currency > 0 then 'expansion'
            else 'contraction'
        end as movement_type,
        case
            when
                classed.from_price_id is null and classed.balance_before = 0
                then 'start'
            when classed.from_price_id is null then 'add_on'
            when classed.to_price_id is null then 'cancellation'
            when
                classed.from_price_id <> classed.to_price_id
                and from_prices.product_id = to_prices.product_id
                and from_prices.billing_interval = to_prices.billing_interval
                and from_prices.billing_interval_count
                = to_prices.billing_interval_count
                then 'price'
            when classed.from_price_id <> classed.to_price_id then 'plan'
            when classed.from_quantity <> classed.to_quantity then 'quantity'
            -- The same service at the same price: only a discount can make the change.
            else 'discount'
        end as driver,
        classed.from_price_id,
        classed.to_price_id,
        classed.from_quantity,
        classed.to_quantity
    from classed
    left join exchange_rates
        on
            classed.month = exchange_rates.month
            and classed.currency_code = exchange_rates.currency_code
    left join prices as from_prices
        on classed.from_price_id = from_prices.price_id
    left join prices as to_prices
        on classed.to_price_id = to_prices.price_id

)

select * from final
