-- Grain: one row per month: up to which day its books reach.
-- Facts of days before facts_close_on are in; of days, as time passes, those that ended
-- before days_close_on. They differ in the month of the as-of only, whose last day has
-- begun and not ended.
with

months as (

    select * from {{ ref('int_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        months.month,
        months.is_complete_month,
        case
            when months.is_complete_month then months.next_month
            else {{ add_days('run_settings.as_of_date', 1) }}
        end as facts_close_on,
        case
            when months.is_complete_month then months.next_month
            else
                {{ local_day(
                    'run_settings.as_of_at', 'run_settings.reporting_time_zone'
                ) }}
        end as days_close_on
    from months
    cross join run_settings

)

select * from final
