-- Grain: one row per segment type, segment and month in which accounts used the
-- product, were spoken to as customers or first got value of the product; segment type
-- and segment 'all' are the company as a whole.
with

account_months as (

    select * from {{ ref('int_adoption_measured_by_account_month') }}

),

segments as (

    select * from {{ ref('int_account_segments_dated') }}

),

health_bands as (

    select * from {{ ref('int_health_bands_by_account_month') }}

),

segmented as (

    select
        account_months.*,
        {%- for segment_type in dated_segment_types().split() %}
        coalesce(segments.{{ segment_type }}, 'unknown') as {{ segment_type }},
        {%- endfor %}
        coalesce(health_bands.health_band, 'unknown') as health_band
    from account_months
    left join segments
        on
            account_months.account_id = segments.account_id
            and account_months.month >= segments.valid_from
            and account_months.month < segments.valid_to
    left join health_bands
        on
            account_months.account_id = health_bands.account_id
            and account_months.month = health_bands.month

),

unpivoted as (

    select
        'all' as segment_type,
        'all' as segment,
        segmented.*
    from segmented
    {%- for segment_type in account_segment_types().split() %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        segmented.{{ segment_type }} as segment,
        segmented.*
    from segmented
    {%- endfor %}

),

activations_numbered as (

    select
        segment_type,
        segment,
        month,
        time_to_value_days,
        row_number() over (
            partition by segment_type, segment, month
            order by time_to_value_days, account_id
        ) as activation_number,
        count(*) over (partition by segment_type, segment, month) as activation_count
    from unpivoted
    where time_to_value_days is not null

),

medians as (

    select
        segment_type,
        segment,
        month,
        -- The middle one twice, or the two in the middle.
        sum(time_to_value_days)
        * case when max(activation_count) % 2 = 1 then 2 else 1 end
            as twice_median_days
    from activations_numbered
    where
        activation_number * 2 >= activation_count
        and activation_number * 2 <= activation_count + 2
    group by segment_type, segment, month

),

summed as (

    select
        segment_type,
        segment,
        month,
        sum(case when monthly_active_users > 0 then 1 else 0 end) as using_accounts,
        sum(seats_active) as seats_active,
        sum(seats_paid) as seats_paid,
        sum(daily_active_users) as daily_active_users,
        sum(monthly_active_users) as monthly_active_users,
        sum(key_events) as key_events,
        sum(touchpoints) as touchpoints,
        sum(case when touchpoints > 0 then 1 else 0 end) as touched_accounts,
        count(time_to_value_days) as activated_accounts,
        sum(time_to_value_days) as time_to_value_days
    from unpivoted
    group by segment_type, segment, month

),

final as (

    select
        summed.segment_type,
        summed.segment,
        summed.month,
        summed.using_accounts,
        summed.seats_active,
        summed.seats_paid,
        summed.daily_active_users,
        summed.monthly_active_users,
        summed.key_events,
        summed.touchpoints,
        summed.touched_accounts,
        summed.activated_accounts,
        summed.time_to_value_days,
        medians.twice_median_days
    from summed
    left join medians
        on
            summed.segment_type = medians.segment_type
            and summed.segment = medians.segment
            and summed.month = medians.month

)

select * from final
