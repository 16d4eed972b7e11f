-- Grain: one row per subscription item and month at whose end it is in service at a
-- price; its MRR is 0 where discounts take all of it.
-- An interval counts for a month when valid_from < month_end_at <= valid_to.
-- Definitions 1.
with

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

months as (

    select * from {{ ref('int_months') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

constant_rates as (

    select * from {{ ref('int_exchange_rates_constant') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

items_past_due as (

    select * from {{ ref('int_items_past_due_by_month') }}

),

active as (

    select
        intervals.subscription_item_id,
        intervals.subscription_id,
        intervals.account_id,
        intervals.price_id,
        intervals.currency_code,
        months.month,
        months.next_month,
        months.month_end_at,
        intervals.gross_mrr_amount_in_currency,
        intervals.mrr_amount_in_currency,
        intervals.arr_amount_in_currency
    from intervals
    inner join months
        on
            intervals.valid_from < months.month_end_at
            and months.month_end_at <= intervals.valid_to
    where intervals.gross_mrr_amount_in_currency > 0

),

final as (

    select
        active.subscription_item_id,
        active.subscription_id,
        active.account_id,
        active.price_id,
        active.currency_code,
        active.month,
        active.next_month,
        active.gross_mrr_amount_in_currency,
        active.mrr_amount_in_currency,
        active.arr_amount_in_currency,
        closing_rates.exchange_rate,
        {{ convert_mrr(
            'active.gross_mrr_amount_in_currency', 'closing_rates.exchange_rate'
        ) }} as gross_mrr_amount,
        {{ convert_mrr(
            'active.mrr_amount_in_currency', 'closing_rates.exchange_rate'
        ) }} as mrr_amount,
        {{ convert_mrr(
            'active.arr_amount_in_currency', 'closing_rates.exchange_rate'
        ) }} as arr_amount,
        -- What the same service is worth a month later: the opening of the next month
        -- at its closing rate.
        {{ convert_mrr('active.mrr_amount_in_currency', 'next_rates.exchange_rate') }}
            as revalued_mrr_amount,
        -- And a year later: the base that retention compares that month with.
        {{ convert_mrr(
            'active.mrr_amount_in_currency', 'rates_in_a_year.exchange_rate'
        ) }} as revalued_in_a_year_mrr_amount,
        {{ convert_mrr(
            'active.mrr_amount_in_currency', 'constant_rates.exchange_rate'
        ) }} as constant_currency_mrr_amount,
        -- Notice was given, and service goes on.
        coalesce(
            subscriptions.canceled_at < active.month_end_at
            and coalesce(subscriptions.ended_at >= active.month_end_at, true),
            false
        ) as is_at_risk,
        items_past_due.month is not null as is_past_due
    from active
    left join exchange_rates as closing_rates
        on
            active.month = closing_rates.month
            and active.currency_code = closing_rates.currency_code
    left join exchange_rates as next_rates
        on
            active.next_month = next_rates.month
            and active.currency_code = next_rates.currency_code
    left join exchange_rates as rates_in_a_year
        on
            {{ add_months('active.month', 12) }} = rates_in_a_year.month
            and active.currency_code = rates_in_a_year.currency_code
    left join constant_rates
        on active.currency_code = constant_rates.currency_code
    left join subscriptions
        on active.subscription_id = subscriptions.subscription_id
    left join items_past_due
        on
            active.subscription_item_id = items_past_due.subscription_item_id
            and active.month = items_past_due.month

)

select * from final
