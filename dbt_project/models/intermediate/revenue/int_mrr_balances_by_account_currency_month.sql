-- Grain: one row per account, currency and month with an opening or a closing.
-- Opening, revalued opening and closing side by side, without a grid of all accounts
-- and months: each month-end balance is written once as a closing and once as the next
-- month's opening.
with

item_months as (

    select *
    from {{ ref('int_item_mrr_by_month') }}
    where
        mrr_amount_in_currency > 0
        -- The twelfth of a small price may round to nothing.
        or arr_amount_in_currency > 0

),

months as (

    select * from {{ ref('int_months') }}

),

closings as (

    select
        account_id,
        currency_code,
        month,
        cast(0 as decimal(18, 4)) as opening_in_currency,
        mrr_amount_in_currency as closing_in_currency,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        mrr_amount as closing,
        arr_amount_in_currency as arr_in_currency,
        arr_amount as arr
    from item_months

),

openings as (

    select
        item_months.account_id,
        item_months.currency_code,
        months.month,
        item_months.mrr_amount_in_currency as opening_in_currency,
        cast(0 as decimal(18, 4)) as closing_in_currency,
        item_months.mrr_amount as opening,
        item_months.revalued_mrr_amount as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        cast(0 as decimal(18, 4)) as arr_in_currency,
        cast(0 as decimal(18, 4)) as arr
    from item_months
    inner join months
        on item_months.next_month = months.month

),

balances as (

    select * from closings
    union all
    select * from openings

),

final as (

    select
        account_id,
        currency_code,
        month,
        {{ sum_mrr('opening_in_currency') }} as opening_in_currency,
        {{ sum_mrr('closing_in_currency') }} as closing_in_currency,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('arr_in_currency') }} as arr_in_currency,
        {{ sum_mrr('arr') }} as arr
    from balances
    group by account_id, currency_code, month

)

select * from final
