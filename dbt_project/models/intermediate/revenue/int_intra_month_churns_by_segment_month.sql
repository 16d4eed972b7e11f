-- Grain: one row per segment type, segment and month in which an account started and
-- ended there between two month-ends.
-- How often that happened. Only accounts with service so short can have done so, which
-- spares the others.
with

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

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

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

dated as (

    select
        intervals.account_id,
        intervals.price_id,
        intervals.currency_code,
        intervals.valid_from,
        intervals.valid_to,
        intervals.mrr_amount_in_currency,
        {{ month_of(
            local_timestamp('intervals.valid_from', 'run_settings.reporting_time_zone')
        ) }} as first_month,
        {{ month_of(
            local_timestamp('intervals.valid_to', 'run_settings.reporting_time_zone')
        ) }} as last_month,
        run_settings.as_of_at
    from intervals
    cross join run_settings
    where intervals.mrr_amount_in_currency > 0

),

briefly_served as (

    select distinct account_id
    from dated
    where first_month = last_month

),

steps as (

    select
        dated.account_id,
        dated.price_id,
        dated.currency_code,
        dated.valid_from as step_at,
        dated.first_month as month,
        dated.mrr_amount_in_currency as step_amount
    from dated
    inner join briefly_served
        on dated.account_id = briefly_served.account_id
    union all
    select
        dated.account_id,
        dated.price_id,
        dated.currency_code,
        dated.valid_to as step_at,
        dated.last_month as month,
        -dated.mrr_amount_in_currency as step_amount
    from dated
    inner join briefly_served
        on dated.account_id = briefly_served.account_id
    -- What ends later has not ended.
    where dated.valid_to < dated.as_of_at

),

placed as (

    select
        steps.account_id,
        'all' as whole_account,
        prices.product,
        prices.plan,
        steps.currency_code as currency,
        prices.service_type,
        prices.deployment,
        steps.step_at,
        steps.month,
        steps.step_amount
    from steps
    inner join prices
        on steps.price_id = prices.price_id

),

-- What an account is of as a whole it is of with everything it pays: that is added up
-- once, under the type 'whole_account'.
segment_steps as (

    {%- for segment_type in ['whole_account'] + price_segment_types().split() %}
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        account_id,
        step_at,
        month,
        sum(step_amount) as step_amount
    from placed
    group by {{ segment_type }}, account_id, step_at, month
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

-- No currency is ever below 0, so that their plain sum is 0 exactly when all are.
segment_balances as (

    select
        segment_type,
        segment,
        account_id,
        step_at,
        month,
        step_amount,
        sum(step_amount) over (
            partition by segment_type, segment, account_id
            order by step_at
            rows between unbounded preceding and current row
        ) as balance_after
    from segment_steps

),

starts_and_ends as (

    select
        segment_type,
        segment,
        account_id,
        step_at,
        month,
        balance_after
    from segment_balances
    where
        balance_after = 0
        or balance_after = step_amount

),

ends_with_start as (

    select
        segment_type,
        segment,
        account_id,
        month,
        balance_after,
        lag(month) over (
            partition by segment_type, segment, account_id
            order by step_at
        ) as start_month
    from starts_and_ends

),

churns as (

    select
        segment_type,
        segment,
        account_id,
        month
    from ends_with_start
    where
        balance_after = 0
        and start_month = month

),

-- An account is counted in the segment that it is of in that month.
segment_churns as (

    select
        segment_type,
        segment,
        month
    from churns
    where segment_type <> 'whole_account'
    {%- for segment_type in dated_segment_types().split() %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        account_segments.{{ segment_type }} as segment,
        churns.month
    from churns
    inner join account_segments
        on
            churns.account_id = account_segments.account_id
            and churns.month >= account_segments.valid_from
            and churns.month < account_segments.valid_to
    where churns.segment_type = 'whole_account'
    {%- endfor %}
    union all
    select
        'health_band' as segment_type,
        coalesce(health_bands.health_band, 'unknown') as segment,
        churns.month
    from churns
    left join health_bands
        on
            churns.account_id = health_bands.account_id
            and churns.month = health_bands.month
    where churns.segment_type = 'whole_account'

),

final as (

    select
        segment_type,
        segment,
        month,
        count(*) as intra_month_churn_count
    from segment_churns
    group by segment_type, segment, month

)

select * from final
