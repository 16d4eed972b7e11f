-- Grain: one row per segment type, segment and month with revenue or a cost that
-- accounts cause. The segments of every type sum to the month.
-- Costs of an account stand with the prices that it paid; those of an account without
-- revenue in the segment 'unknown', those of no account in 'unallocated'.
with

margins as (

    select * from {{ ref('int_margins_by_account_price_month') }}

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

segmented as (

    select
        margins.*,
        {%- for segment_type in dated_segment_types().split() %}
        case
            when margins.account_id = 'unallocated' then 'unallocated'
            else coalesce(account_segments.{{ segment_type }}, 'unknown')
        end as {{ segment_type }},
        {%- endfor %}
        case
            when margins.account_id = 'unallocated' then 'unallocated'
            else coalesce(health_bands.health_band, 'unknown')
        end as health_band,
        -- A price that is none stands for itself: unknown or unallocated.
        coalesce(
            prices.product,
            case
                when margins.account_id = 'unallocated' then 'unallocated'
                else 'unknown'
            end
        ) as product,
        margins.price_id as plan,
        margins.currency_code as currency,
        coalesce(
            prices.service_type,
            case
                when margins.account_id = 'unallocated' then 'unallocated'
                else 'unknown'
            end
        ) as service_type,
        coalesce(
            prices.deployment,
            case
                when margins.account_id = 'unallocated' then 'unallocated'
                else 'unknown'
            end
        ) as deployment
    from margins
    left join account_segments
        on
            margins.account_id = account_segments.account_id
            and margins.month >= account_segments.valid_from
            and margins.month < account_segments.valid_to
    left join health_bands
        on
            margins.account_id = health_bands.account_id
            and margins.month = health_bands.month
    left join prices
        on margins.price_id = prices.price_id

),

summed as (

    {%- for segment_type in segment_types().split() %}
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        month,
        minor_unit_digits,
        {%- for measure in margin_measures().split() %}
        sum({{ measure }}_minor) as {{ measure }}_minor
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from segmented
    group by {{ segment_type }}, month, minor_unit_digits
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        summed.segment_type,
        summed.segment,
        summed.month,
        {%- for measure in margin_measures().split() %}
        {{ minor_to_amount(
            'summed.' ~ measure ~ '_minor', 'summed.minor_unit_digits'
        ) }} as {{ measure }}_amount,
        {%- endfor %}
        {%- for margin in margins().split() %}
        {{ margin_rate(margin) }} as {{ margin }}_rate,
        {%- endfor %}
        coalesce(months.is_complete_month, true) as is_complete_month
    from summed
    left join months
        on summed.month = months.month

)

select * from final
