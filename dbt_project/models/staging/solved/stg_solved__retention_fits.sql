-- Grain: one row per population (segment type and segment) whose survival was to be
-- fitted.
with

source as (

    select * from {{ source('solved', 'retention_fits') }}

),

final as (

    select
        segment_type,
        segment,
        status as fit_status,
        reason,
        alpha,
        beta,
        log_likelihood,
        account_count,
        lost_account_count,
        observed_month_count,
        mean_absolute_error
    from source

)

select * from final
