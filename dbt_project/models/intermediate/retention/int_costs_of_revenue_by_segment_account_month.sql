-- Grain: one row per segment type, segment, account and month with a cost of revenue.
-- A segment that an account is of as a whole (its country, say) bears all costs of its
-- accounts in the months that they are of it; a product, plan, currency, service type
-- or deployment what fell on the prices that the account paid there. Costs of no
-- account are of no segment.
with

costs as (

    select * from {{ ref('int_margins_by_account_price_month') }}
    where
        cost_of_revenue_minor <> 0
        and account_id <> 'unallocated'

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

segmented as (

    select
        costs.account_id,
        costs.month,
        costs.cost_of_revenue_minor,
        costs.minor_unit_digits,
        {%- for segment_type in dated_segment_types().split() %}
        coalesce(account_segments.{{ segment_type }}, 'unknown') as {{ segment_type }},
        {%- endfor %}
        coalesce(health_bands.health_band, 'unknown') as health_band,
        coalesce(prices.product, 'unknown') as product,
        costs.price_id as plan,
        costs.currency_code as currency,
        coalesce(prices.service_type, 'unknown') as service_type,
        coalesce(prices.deployment, 'unknown') as deployment
    from costs
    left join account_segments
        on
            costs.account_id = account_segments.account_id
            and costs.month >= account_segments.valid_from
            and costs.month < account_segments.valid_to
    left join health_bands
        on
            costs.account_id = health_bands.account_id
            and costs.month = health_bands.month
    left join prices
        on costs.price_id = prices.price_id

),

summed as (

    {%- for segment_type in segment_types().split() %}
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        account_id,
        month,
        minor_unit_digits,
        sum(cost_of_revenue_minor) as cost_minor
    from segmented
    group by {{ segment_type }}, account_id, month, minor_unit_digits
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        segment_type,
        segment,
        account_id,
        month,
        {{ minor_to_amount('cost_minor', 'minor_unit_digits') }} as cost_amount
    from summed

)

select * from final
