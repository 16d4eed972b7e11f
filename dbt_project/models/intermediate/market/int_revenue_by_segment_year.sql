-- Grain: one row per segment type, segment, cross segment type, cross segment and year
-- with revenue, or with ARR at its last month-end.
-- Revenue (recognized less contra-revenue, whole minor units of the reporting currency)
-- stands in the segments that the account was of in the month that it was earned, ARR
-- in those of the month-end. All together are the segment 'all' of the type 'all'; what
-- is not crossed with anything is crossed with 'none'.
with

revenue as (

    select * from {{ ref('int_revenue_by_account_price_month') }}

),

balances as (

    select * from {{ ref('int_mrr_balances_by_account_price_month') }}

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

months as (

    select * from {{ ref('int_months') }}

),

last_months as (

    select max(month) as month
    from months
    group by extract(year from month)

),

placed as (

    select
        revenue.account_id,
        cast(extract(year from revenue.month) as integer) as year,
        {%- for segment_type in dated_segment_types().split() %}
        coalesce(account_segments.{{ segment_type }}, 'unknown') as {{ segment_type }},
        {%- endfor %}
        coalesce(health_bands.health_band, 'unknown') as health_band,
        coalesce(prices.product, 'unknown') as product,
        revenue.price_id as plan,
        revenue.currency_code as currency,
        coalesce(prices.service_type, 'unknown') as service_type,
        coalesce(prices.deployment, 'unknown') as deployment,
        revenue.revenue_minor,
        cast(0 as decimal(18, 4)) as arr
    from revenue
    left join account_segments
        on
            revenue.account_id = account_segments.account_id
            and revenue.month >= account_segments.valid_from
            and revenue.month < account_segments.valid_to
    left join health_bands
        on
            revenue.account_id = health_bands.account_id
            and revenue.month = health_bands.month
    left join prices
        on revenue.price_id = prices.price_id
    union all
    select
        balances.account_id,
        cast(extract(year from balances.month) as integer) as year,
        {%- for segment_type in segment_types().split() %}
        balances.{{ segment_type }},
        {%- endfor %}
        cast(0 as decimal(20, 0)) as revenue_minor,
        balances.arr
    from balances
    inner join last_months
        on balances.month = last_months.month
    where balances.arr > 0

),

summed as (

    select
        'all' as segment_type,
        'all' as segment,
        'none' as cross_segment_type,
        'none' as cross_segment,
        year,
        sum(revenue_minor) as revenue_minor,
        sum(arr) as arr,
        count(distinct case when revenue_minor <> 0 then account_id end) as accounts
    from placed
    group by year
    {%- for segment_type in segment_types().split() %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        'none' as cross_segment_type,
        'none' as cross_segment,
        year,
        sum(revenue_minor) as revenue_minor,
        sum(arr) as arr,
        count(distinct case when revenue_minor <> 0 then account_id end) as accounts
    from placed
    group by {{ segment_type }}, year
    {%- endfor %}
    {%- for pair in crossed_segment_types().split() %}
    {%- set segment_type, cross_segment_type = pair.split('*') %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        '{{ cross_segment_type }}' as cross_segment_type,
        {{ cross_segment_type }} as cross_segment,
        year,
        sum(revenue_minor) as revenue_minor,
        sum(arr) as arr,
        count(distinct case when revenue_minor <> 0 then account_id end) as accounts
    from placed
    group by {{ segment_type }}, {{ cross_segment_type }}, year
    {%- endfor %}

),

final as (

    select
        segment_type,
        segment,
        cross_segment_type,
        cross_segment,
        year,
        cast(revenue_minor as decimal(20, 0)) as revenue_minor,
        cast(arr as decimal(18, 4)) as arr_amount,
        cast(accounts as integer) as accounts
    from summed

)

select * from final
