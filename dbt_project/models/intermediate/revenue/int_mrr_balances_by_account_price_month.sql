-- Grain: one row per account, plan (price), currency, month and segments of the account
-- with an opening or a closing there, or a closing a year before. Of an account that
-- changed its segments (those that it has from segments_valid_from on, and its health
-- band) the closing is in another row than the opening.
-- Each month-end balance is written as a closing, as the next month's opening, and as
-- the base that retention a year later compares with: a shift, never a join of accounts
-- to themselves. It stands in the segments of the month that it closed.
with

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

account_segments as (

    select * from {{ ref('int_account_segments_dated') }}

),

health_bands as (

    select * from {{ ref('int_health_bands_by_account_month') }}

),

prices as (

    select * from {{ ref('int_prices_segmented') }}

),

placed_months as (

    select
        item_months.account_id,
        item_months.price_id,
        item_months.currency_code,
        item_months.month,
        item_months.next_month,
        item_months.mrr_amount,
        item_months.arr_amount,
        item_months.revalued_mrr_amount,
        item_months.revalued_in_a_year_mrr_amount,
        account_segments.valid_from as segments_valid_from,
        coalesce(health_bands.health_band, 'unknown') as health_band
    from item_months
    inner join account_segments
        on
            item_months.account_id = account_segments.account_id
            and item_months.month >= account_segments.valid_from
            and item_months.month < account_segments.valid_to
    left join health_bands
        on
            item_months.account_id = health_bands.account_id
            and item_months.month = health_bands.month

),

closings as (

    select
        account_id,
        price_id,
        currency_code,
        segments_valid_from,
        health_band,
        month,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        mrr_amount as closing,
        arr_amount as arr,
        cast(0 as decimal(18, 4)) as year_ago,
        cast(0 as decimal(18, 4)) as revalued_year_ago
    from placed_months

),

openings as (

    select
        placed_months.account_id,
        placed_months.price_id,
        placed_months.currency_code,
        placed_months.segments_valid_from,
        placed_months.health_band,
        months.month,
        placed_months.mrr_amount as opening,
        placed_months.revalued_mrr_amount as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        cast(0 as decimal(18, 4)) as arr,
        cast(0 as decimal(18, 4)) as year_ago,
        cast(0 as decimal(18, 4)) as revalued_year_ago
    from placed_months
    inner join months
        on placed_months.next_month = months.month

),

bases as (

    select
        placed_months.account_id,
        placed_months.price_id,
        placed_months.currency_code,
        placed_months.segments_valid_from,
        placed_months.health_band,
        months.month,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        cast(0 as decimal(18, 4)) as arr,
        placed_months.mrr_amount as year_ago,
        placed_months.revalued_in_a_year_mrr_amount as revalued_year_ago
    from placed_months
    inner join months
        on {{ add_months('placed_months.month', 12) }} = months.month

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
        segments_valid_from,
        health_band,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('arr') }} as arr,
        {{ sum_mrr('year_ago') }} as year_ago,
        {{ sum_mrr('revalued_year_ago') }} as revalued_year_ago
    from balances
    group by
        account_id, price_id, currency_code, segments_valid_from, health_band, month

),

final as (

    select
        grouped.account_id,
        grouped.segments_valid_from,
        {%- for segment_type in dated_segment_types().split() %}
        account_segments.{{ segment_type }},
        {%- endfor %}
        grouped.health_band,
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
    inner join account_segments
        on
            grouped.account_id = account_segments.account_id
            and grouped.segments_valid_from = account_segments.valid_from
    inner join prices
        on grouped.price_id = prices.price_id
    -- Service at no charge moves nothing.
    where
        grouped.opening + grouped.revalued_opening + grouped.closing + grouped.arr
        + grouped.year_ago + grouped.revalued_year_ago > 0

)

select * from final
