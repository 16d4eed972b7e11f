-- Grain: one row per subscription item and valid_from: its MRR and ARR before
-- (gross) and after discounts, in its currency, over [valid_from, valid_to).
-- Neighbouring periods of one price, quantity and value are one interval, of one
-- account: an item that moves to another customer belongs to each in its time.
-- Definitions 1.
with

service as (

    select * from {{ ref('int_item_service_valued') }}

),

amounts_off as (

    select * from {{ ref('int_item_amounts_off') }}

),

valued as (

    select
        subscription_item_id,
        subscription_id,
        account_id,
        price_id,
        currency_code,
        quantity,
        valid_from,
        valid_to,
        gross_mrr_amount_in_currency,
        mrr_amount_in_currency,
        arr_amount_in_currency
    from service
    where not has_amount_off
    union all
    select
        service.subscription_item_id,
        service.subscription_id,
        service.account_id,
        service.price_id,
        service.currency_code,
        service.quantity,
        amounts_off.valid_from,
        amounts_off.valid_to,
        service.gross_mrr_amount_in_currency,
        amounts_off.mrr_amount_in_currency,
        amounts_off.arr_amount_in_currency
    from amounts_off
    inner join service
        on
            amounts_off.subscription_item_id = service.subscription_item_id
            and amounts_off.service_from = service.valid_from

),

with_previous as (

    select
        *,
        lag(valid_to) over (
            partition by subscription_item_id, account_id
            order by valid_from
        ) as previous_valid_to,
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
