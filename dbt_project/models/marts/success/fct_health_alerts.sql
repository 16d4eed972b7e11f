-- Grain: one row per account, month and kind of alert: its health fell into a lower
-- band than at the end of the month before (band_drop), or by at least policy
-- health_drop_points within about health_drop_days (score_fall), or it rests on so much
-- less than then that policy health_coverage_alert_fall is passed (coverage_fall).
with

health as (

    select * from {{ ref('int_health_bands_by_account_month') }}

),

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

months_apart as (

    select
        later.month,
        earlier.month as compared_month,
        {{ days_between(
            add_days('later.facts_close_on', '-run_settings.health_drop_days'),
            'earlier.facts_close_on'
        ) }} as days_off
    from closes as later
    inner join closes as earlier
        on later.month > earlier.month
    cross join run_settings

),

-- The month-end nearest to so many days before; of two that are equally near the later.
months_numbered as (

    select
        month,
        compared_month,
        row_number() over (
            partition by month
            order by abs(days_off), compared_month desc
        ) as nearness
    from months_apart

),

ranked as (

    select
        account_id,
        month,
        health_points,
        coverage,
        health_band,
        case health_band
            when 'green' then 3
            when 'yellow' then 2
            when 'red' then 1
        end as band_rank
    from health

),

band_drops as (

    select
        present.account_id,
        present.month,
        'band_drop' as alert_kind,
        earlier.month as compared_month,
        earlier.health_band as from_band,
        present.health_band as to_band,
        earlier.health_points as from_score,
        present.health_points as to_score,
        earlier.coverage as from_coverage,
        present.coverage as to_coverage
    from ranked as present
    inner join ranked as earlier
        on
            present.account_id = earlier.account_id
            and {{ add_months('present.month', -1) }} = earlier.month
    where present.band_rank < earlier.band_rank

),

-- An account of which nothing is known but what billing says has the same coverage all
-- the time; one that has only begun to pay has nothing to fall from.
compared as (

    select
        present.account_id,
        present.month,
        earlier.month as compared_month,
        earlier.health_band as from_band,
        present.health_band as to_band,
        earlier.health_points as from_score,
        present.health_points as to_score,
        earlier.coverage as from_coverage,
        present.coverage as to_coverage
    from ranked as present
    inner join months_numbered
        on
            present.month = months_numbered.month
            and months_numbered.nearness = 1
    inner join ranked as earlier
        on
            present.account_id = earlier.account_id
            and months_numbered.compared_month = earlier.month

),

score_falls as (

    select
        compared.account_id,
        compared.month,
        'score_fall' as alert_kind,
        compared.compared_month,
        compared.from_band,
        compared.to_band,
        compared.from_score,
        compared.to_score,
        compared.from_coverage,
        compared.to_coverage
    from compared
    inner join run_settings
        on compared.from_score - compared.to_score >= run_settings.health_drop_points
    where compared.from_score > compared.to_score

),

coverage_falls as (

    select
        compared.account_id,
        compared.month,
        'coverage_fall' as alert_kind,
        compared.compared_month,
        compared.from_band,
        compared.to_band,
        compared.from_score,
        compared.to_score,
        compared.from_coverage,
        compared.to_coverage
    from compared
    inner join run_settings
        on
            compared.from_coverage - compared.to_coverage
            > run_settings.health_coverage_alert_fall

),

unioned as (

    select * from band_drops
    union all
    select * from score_falls
    union all
    select * from coverage_falls

),

final as (

    select
        unioned.account_id,
        unioned.month,
        unioned.alert_kind,
        unioned.compared_month,
        unioned.from_band,
        unioned.to_band,
        cast(unioned.from_score as decimal(9, 4)) as from_score,
        cast(unioned.to_score as decimal(9, 4)) as to_score,
        cast(unioned.from_score - unioned.to_score as decimal(9, 4)) as fall_points,
        cast(unioned.from_coverage as decimal(9, 6)) as from_coverage,
        cast(unioned.to_coverage as decimal(9, 6)) as to_coverage,
        cast(mrr_measures.mrr as decimal(18, 4)) as mrr_amount,
        cast(mrr_measures.mrr_at_risk as decimal(18, 4)) as mrr_at_risk_amount,
        months.is_complete_month
    from unioned
    inner join mrr_measures
        on
            unioned.account_id = mrr_measures.account_id
            and unioned.month = mrr_measures.month
    inner join months
        on unioned.month = months.month

)

select * from final
