-- Grain: one row per population (segment type and segment) and months since the cohort
-- month, to the policy's horizon where a model is fitted.
-- Survival as observed, and as the fitted model has it and goes on. Definitions 4.
with

survivals as (

    select * from {{ ref('int_survivals_projected_by_months_since') }}

),

final as (

    select
        segment_type,
        segment,
        months_since,
        cohort_accounts,
        surviving_accounts,
        {{ ratio('surviving_accounts', 'cohort_accounts') }} as observed_survival_rate,
        projected_survival_rate,
        projected_retention_rate
    from survivals

)

select * from final
