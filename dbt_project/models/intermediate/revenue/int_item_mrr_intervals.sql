-- Grain: one row per subscription item and valid_from: its MRR and ARR, in its currency, over [valid_from, valid_to).
-- Neighbouring periods of one price, quantity and MRR are one interval. Definitions 1.2.
with

priced as (

    select * from {{ ref('int_item_intervals_priced') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

annualised as (

    select
        priced.subscription_item_id,
        priced.subscription_id,
        accounts.account_id,
        priced.customer_id,
        priced.price_id,
        priced.currency_code,
        priced.quantity,
        priced.valid_from,
        priced.valid_to,
        {{ exact_integer('priced.price_scaled') }}
        * {{ exact_integer('billing_intervals.intervals_per_year') }} as annual_numerator,
        {{ exact_integer('priced.billing_interval_count') }}
        * {{ exact_integer('1000000000000') }}
        * case priced.minor_unit_digits
            when 0 then 1
            when 2 then 100
            when 3 then 1000
            when 4 then 10000
        end as annual_denominator
    from priced
    inner join accounts
        on priced.customer_id = accounts.customer_id
    inner join billing_intervals
        on priced.billing_interval = billing_intervals.billing_interval

),

normalised as (

    select
        subscription_item_id,
        subscription_id,
        account_id,
        customer_id,
        price_id,
        currency_code,
        quantity,
        valid_from,
        valid_to,
        {{ round_quotient_to_mrr('annual_numerator', '(annual_denominator * 12)') }}
            as mrr_amount_in_currency,
        {{ round_quotient_to_mrr('annual_numerator', 'annual_denominator') }}
            as arr_amount_in_currency
    from annualised

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
    from normalised

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
        max(customer_id) as customer_id,
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
