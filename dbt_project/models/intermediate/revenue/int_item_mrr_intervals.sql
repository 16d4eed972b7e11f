-- Grain: one row per subscription item and valid_from: its MRR and ARR, in its
-- currency, over [valid_from, valid_to).
-- Neighbouring periods of one price, quantity and MRR are one interval. Definitions 1.
with

intervals as (

    select * from {{ ref('int_item_service_intervals') }}

),

valued_quantities as (

    select * from {{ ref('int_price_quantities_valued') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

valued as (

    select
        intervals.subscription_item_id,
        intervals.subscription_id,
        accounts.account_id,
        intervals.price_id,
        intervals.currency_code,
        intervals.quantity,
        intervals.valid_from,
        intervals.valid_to,
        valued_quantities.mrr_amount_in_currency,
        valued_quantities.arr_amount_in_currency
    from intervals
    inner join accounts
        on intervals.customer_id = accounts.customer_id
    inner join valued_quantities
        on
            intervals.price_id = valued_quantities.price_id
            and intervals.billable_quantity = valued_quantities.billable_quantity

),

with_previous as (

    select
        *,
        lag(valid_to) over (
            partition by subscription_item_id
            order by valid_from
        ) as previous_valid_to,
        lag(price_id) over (
            partition by subscription_item_id
            order by valid_from
        ) as previous_price_id,
        lag(quantity) over (
            partition by subscription_item_id
            order by valid_from
        ) as previous_quantity,
        lag(mrr_amount_in_currency) over (
            partition by subscription_item_id
            order by valid_from
        ) as previous_mrr_amount_in_currency
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
                    and previous_mrr_amount_in_currency = mrr_amount_in_currency
                    then 0
                else 1
            end
        ) over (
            partition by subscription_item_id
            order by valid_from
            rows between unbounded preceding and current row
        ) as island_number
    from with_previous

),

final as (

    select
        subscription_item_id,
        max(subscription_id) as subscription_id,
        max(account_id) as account_id,
        max(price_id) as price_id,
        max(currency_code) as currency_code,
        max(quantity) as quantity,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to,
        max(mrr_amount_in_currency) as mrr_amount_in_currency,
        max(arr_amount_in_currency) as arr_amount_in_currency
    from islands
    group by subscription_item_id, island_number

)

select * from final
