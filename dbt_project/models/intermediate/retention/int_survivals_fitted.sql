-- Grain: one row per population (segment type and segment) whose survival is observed.
-- What was fitted to it, or why nothing was. Definitions 4.
with

survivals as (

    select * from {{ ref('int_survivals_by_cohort_month') }}

),

fits as (

    select * from {{ ref('stg_solved__retention_fits') }}

),

cohorts as (

    select
        segment_type,
        segment,
        cohort_month,
        max(cohort_accounts) as cohort_accounts,
        max(cohort_accounts) - min(surviving_accounts) as lost_accounts,
        max(months_since) as observed_months
    from survivals
    group by segment_type, segment, cohort_month

),

-- A cohort in its first month says nothing about survival.
populations as (

    select
        segment_type,
        segment,
        sum(case when observed_months > 0 then cohort_accounts else 0 end)
            as account_count,
        sum(lost_accounts) as lost_account_count,
        max(observed_months) as observed_month_count
    from cohorts
    group by segment_type, segment

),

final as (

    select
        populations.segment_type,
        populations.segment,
        coalesce(fits.fit_status, 'not_run') as fit_status,
        case
            when fits.fit_status is null
                then
                    'Nothing has been fitted to what is observed here. The nightly '
                    || 'fits; the sandbox fits what it built before.'
            else fits.reason
        end as reason,
        fits.alpha,
        fits.beta,
        fits.log_likelihood,
        fits.mean_absolute_error,
        cast(populations.account_count as integer) as account_count,
        cast(populations.lost_account_count as integer) as lost_account_count,
        cast(populations.observed_month_count as integer) as observed_month_count
    from populations
    -- A fit to other accounts is none to these: the sandbox may hold one of an earlier
    -- load.
    left join fits
        on
            populations.segment_type = fits.segment_type
            and populations.segment = fits.segment
            and populations.account_count = fits.account_count
            and populations.lost_account_count = fits.lost_account_count
            and populations.observed_month_count = fits.observed_month_count

)

select * from final
