-- Grain: one row per population (segment type and segment) whose survival is observed.
-- The shifted-beta-geometric model that was fitted to it by maximum likelihood, or why
-- none was. Definitions 4.
with

fits as (

    select * from {{ ref('int_survivals_fitted') }}

),

final as (

    select
        segment_type,
        segment,
        fit_status as status,
        reason,
        alpha,
        beta,
        log_likelihood,
        account_count,
        lost_account_count,
        observed_month_count,
        mean_absolute_error
    from fits

)

select * from final
