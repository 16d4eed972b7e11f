-- Grain: one row per month in which searches for own terms or those of rivals were
-- counted.
with

search_interests as (

    select * from {{ ref('stg_crm__search_interests') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        {{ month_of('search_interests.volume_date') }} as month,
        cast(
            sum(
                case
                    when search_interests.is_own then search_interests.volume else 0
                end
            ) as bigint
        ) as own_volume,
        cast(sum(search_interests.volume) as bigint) as total_volume,
        count(distinct case when search_interests.is_own then search_interests.term end)
            as own_term_count,
        count(distinct search_interests.term) as term_count,
        min(
            run_settings.as_of_at >= {{ utc_timestamp(
                add_months(month_of('search_interests.volume_date'), 1),
                'run_settings.reporting_time_zone'
            ) }}
        ) as is_complete_month
    from search_interests
    cross join run_settings
    where
        search_interests.volume_date <= run_settings.as_of_date
        -- A term that was watched and not counted says nothing.
        and search_interests.volume is not null
    group by {{ month_of('search_interests.volume_date') }}

)

select * from final
