-- Grain: one row per account, plan (price), currency and month with an opening or a
-- closing there, or a closing a year before; with the segments that it stands in.
-- Each month-end balance is written as a closing, as the next month's opening, and as
-- the base that retention a year later compares with: a shift, never a join of accounts
-- to themselves.
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
        cast(0 as decimal(18, 4)) as year_ago,
        cast(0 as decimal(18, 4)) as revalued_year_ago
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
        cast(0 as decimal(18, 4)) as year_ago,
        cast(0 as decimal(18, 4)) as revalued_year_ago
    from item_months
    inner join months
        on item_months.next_month = months.month

),

bases as (

    select
        item_months.account_id,
        item_months.price_id,
        item_months.currency_code,
        months.month,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        cast(0 as decimal(18, 4)) as arr,
        item_months.mrr_amount as year_ago,
        item_months.revalued_in_a_year_mrr_amount as revalued_year_ago
    from item_months
    inner join months
        on {{ add_months('item_months.month', 12) }} = months.month

),

balances as (

    select * from closings
    union all
    select * from openings
    union all
    select * from bases

),

grouped as (

    select
        account_id,
        price_id,
        currency_code,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('arr') }} as arr,
        {{ sum_mrr('year_ago') }} as year_ago,
        {{ sum_mrr('revalued_year_ago') }} as revalued_year_ago
    from balances
    group by account_id, price_id, currency_code, month

),

final as (

    select
        grouped.account_id,
        accounts.country,
        accounts.region,
        prices.product,
        prices.plan,
        grouped.currency_code as currency,
        prices.service_type,
        prices.deployment,
        grouped.month,
        grouped.opening,
        grouped.revalued_opening,
        grouped.closing,
        grouped.arr,
        grouped.year_ago,
        grouped.revalued_year_ago
    from grouped
    inner join accounts
        on grouped.account_id = accounts.account_id
    inner join prices
        on grouped.price_id = prices.price_id
    -- Service at no charge moves nothing.
    where
        grouped.opening + grouped.revalued_opening + grouped.closing + grouped.arr
        + grouped.year_ago + grouped.revalued_year_ago > 0

)

select * from final
