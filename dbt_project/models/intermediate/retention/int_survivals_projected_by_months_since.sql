-- Grain: one row per population (segment type and segment) and months since the cohort
-- month that is observed or projected.
-- Observed: the cohorts that could reach the month, summed. Definitions 4.
with

survivals as (

    select * from {{ ref('int_survivals_by_cohort_month') }}

),

fits as (

    select * from {{ ref('int_survivals_fitted') }}

),

projections as (

    select * from {{ ref('stg_solved__retention_projections') }}

),

observed as (

    select
        segment_type,
        segment,
        months_since,
        sum(cohort_accounts) as cohort_accounts,
        sum(surviving_accounts) as surviving_accounts
    from survivals
    group by segment_type, segment, months_since

),

projected as (

    select projections.*
    from projections
    inner join fits
        on
            projections.segment_type = fits.segment_type
            and projections.segment = fits.segment
    where fits.fit_status = 'fitted'

),

final as (

    select
        coalesce(observed.segment_type, projected.segment_type) as segment_type,
        coalesce(observed.segment, projected.segment) as segment,
        coalesce(observed.months_since, projected.months_since) as months_since,
        cast(observed.cohort_accounts as integer) as cohort_accounts,
        cast(observed.surviving_accounts as integer) as surviving_accounts,
        projected.projected_survival_rate,
        projected.projected_retention_rate
    from observed
    full outer join projected
        on
            observed.segment_type = projected.segment_type
            and observed.segment = projected.segment
            and observed.months_since = projected.months_since

)

select * from final
