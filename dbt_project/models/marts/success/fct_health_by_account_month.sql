-- Grain: one row per account and month at whose end it pays MRR.
-- Its health is the score that policy health_score names; beside it stand the measures
-- that the policy knows, wherever in the scores they weigh. Definitions 8.
with

health as (

    select * from {{ ref('int_health_bands_by_account_month') }}

),

measures as (

    select * from {{ ref('int_health_measures_scored') }}

),

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- A measure that several scores take in differently is that of the first by name.
measures_numbered as (

    select
        account_id,
        month,
        measure,
        measure_value,
        points,
        row_number() over (
            partition by account_id, month, measure
            order by score
        ) as score_number
    from measures

),

spread as (

    select
        {%- for measure in measures_of_health().split() %}
        max(
            case
                when measure = '{{ measure }}' then measure_value
            end
        ) as {{ measure }}_value,
        max(
            case
                when measure = '{{ measure }}' then points
            end
        ) as {{ measure }}_points,
        {%- endfor %}
        account_id,
        month
    from measures_numbered
    where score_number = 1
    group by account_id, month

),

final as (

    select
        health.account_id,
        health.month,
        {%- for measure in measures_of_health().split() %}
        cast(spread.{{ measure }}_value as decimal(24, 6)) as {{ measure }}_value,
        cast(spread.{{ measure }}_points as decimal(9, 4)) as {{ measure }}_points,
        {%- endfor %}
        cast(health.health_points as decimal(9, 4)) as score,
        cast(health.coverage as decimal(9, 6)) as coverage,
        health.health_band as band,
        cast(mrr_measures.mrr as decimal(18, 4)) as mrr_amount,
        cast(mrr_measures.mrr_at_risk as decimal(18, 4)) as mrr_at_risk_amount,
        months.is_complete_month
    from health
    inner join spread
        on
            health.account_id = spread.account_id
            and health.month = spread.month
    inner join mrr_measures
        on
            health.account_id = mrr_measures.account_id
            and health.month = mrr_measures.month
    inner join months
        on health.month = months.month

)

select * from final
