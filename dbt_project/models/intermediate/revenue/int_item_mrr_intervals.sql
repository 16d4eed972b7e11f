-- Grain: one row per subscription item and valid_from: its MRR and ARR before
-- (gross) and after discounts, in its currency, over [valid_from, valid_to).
-- Neighbouring periods of one price, quantity and value are one interval, of one
-- account: an item that moves to another customer belongs to each in its time.
-- Definitions 1.
with

valued as (

    select *
    from {{ ref('int_item_service_discounted') }}
    where coupon_scope = 'recurring'

),

with_previous as (

    select
        *,
        lag(valid_to) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_valid_to,
        lag(subscription_id) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_subscription_id,
        lag(price_id) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_price_id,
        lag(quantity) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_quantity,
        lag(gross_mrr_amount_in_currency) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_gross_mrr_amount_in_currency,
        lag(mrr_amount_in_currency) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_mrr_amount_in_currency,
        lag(arr_amount_in_currency) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_arr_amount_in_currency
    from valued

),

islands as (

    select
        *,
        sum(
            case
                when
                    previous_valid_to = valid_from
                    and not (
                        previous_subscription_id is distinct from subscription_id
                    )
                    and previous_price_id = price_id
                    and previous_quantity = quantity
                    and previous_gross_mrr_amount_in_currency
                    = gross_mrr_amount_in_currency
                    and previous_mrr_amount_in_currency = mrr_amount_in_currency
                    and previous_arr_amount_in_currency = arr_amount_in_currency
                    then 0
                else 1
            end
        ) over (
            partition by subscription_item_id, account_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as island_number
    from with_previous

),

final as (

    select
        subscription_item_id,
        max(subscription_id) as subscription_id,
        account_id,
        max(price_id) as price_id,
        max(currency_code) as currency_code,
        max(quantity) as quantity,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to,
        max(gross_mrr_amount_in_currency) as gross_mrr_amount_in_currency,
        max(mrr_amount_in_currency) as mrr_amount_in_currency,
        max(arr_amount_in_currency) as arr_amount_in_currency
    from islands
    group by subscription_item_id, account_id, island_number

)

select * from final
