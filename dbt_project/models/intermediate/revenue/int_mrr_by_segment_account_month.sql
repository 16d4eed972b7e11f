-- Grain: one row per segment type, segment, account and month with an opening or a
-- closing there.
-- Items are netted by account and price before they are spread over the segment types,
-- so that the cost stays that of one pass over the items' months.
with

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

accounts as (

    select * from {{ ref('int_accounts_segmented') }}

),

prices as (

    select * from {{ ref('int_prices_segmented') }}

),

segment_types as (

    select * from {{ ref('segment_types') }}

),

closings as (

    select
        account_id,
        price_id,
        currency_code,
        month,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        mrr_amount as closing,
        arr_amount as arr,
        revalued_in_a_year_mrr_amount as closing_revalued_in_a_year
    from item_months

),

openings as (

    select
        item_months.account_id,
        item_months.price_id,
        item_months.currency_code,
        months.month,
        item_months.mrr_amount as opening,
        item_months.revalued_mrr_amount as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        cast(0 as decimal(18, 4)) as arr,
        cast(0 as decimal(18, 4)) as closing_revalued_in_a_year
    from item_months
    inner join months
        on item_months.next_month = months.month

),

balances as (

    select * from closings
    union all
    select * from openings

),

balances_by_price as (

    select
        account_id,
        price_id,
        currency_code,
        month,
        sum(opening) as opening,
        sum(revalued_opening) as revalued_opening,
        sum(closing) as closing,
        sum(arr) as arr,
        sum(closing_revalued_in_a_year) as closing_revalued_in_a_year
    from balances
    group by account_id, price_id, currency_code, month

),

balances_by_segment as (

    select
        segment_types.segment_type,
        {{ segment_of(
            'segment_types.segment_type',
            'accounts',
            'prices',
            'balances_by_price.currency_code'
        ) }} as segment,
        balances_by_price.account_id,
        balances_by_price.month,
        balances_by_price.opening,
        balances_by_price.revalued_opening,
        balances_by_price.closing,
        balances_by_price.arr,
        balances_by_price.closing_revalued_in_a_year
    from balances_by_price
    left join accounts
        on balances_by_price.account_id = accounts.account_id
    left join prices
        on balances_by_price.price_id = prices.price_id
    cross join segment_types

),

segment_balances as (

    select
        segment_type,
        segment,
        account_id,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('arr') }} as arr,
        -- At the rate of the month twelve months later; 0 beyond the calendar.
        {{ sum_mrr('closing_revalued_in_a_year') }} as closing_revalued_in_a_year
    from balances_by_segment
    group by segment_type, segment, account_id, month

),

final as (

    select *
    from segment_balances
    -- A service at no charge for which nothing is left of its price.
    where
        opening <> 0
        or revalued_opening <> 0
        or closing <> 0
        or arr <> 0

)

select * from final
