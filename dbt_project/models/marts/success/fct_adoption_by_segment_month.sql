-- Grain: one row per segment type, segment and month in which accounts used the
-- product, were spoken to as customers or first got value of the product.
with

adoption as (

    select * from {{ ref('int_adoption_by_segment_month') }}
    where segment_type <> 'all'

),

months as (

    select * from {{ ref('int_months') }}

),

final as (

    select
        adoption.segment_type,
        adoption.segment,
        adoption.month,
        cast(adoption.using_accounts as bigint) as using_accounts,
        cast(adoption.seats_active as bigint) as seats_active,
        cast(adoption.seats_paid as bigint) as seats_paid,
        {{ ratio('adoption.seats_active', 'adoption.seats_paid') }} as adoption_rate,
        cast(adoption.daily_active_users as bigint) as daily_active_user_days,
        cast(adoption.monthly_active_users as bigint)
            as monthly_active_user_days,
        {{ ratio(
            'adoption.daily_active_users', 'adoption.monthly_active_users'
        ) }} as dau_mau_rate,
        cast(adoption.key_events as bigint) as key_events,
        cast(adoption.touchpoints as bigint) as touchpoints,
        cast(adoption.touched_accounts as bigint) as touched_accounts,
        cast(adoption.activated_accounts as bigint) as activated_accounts,
        case
            when adoption.activated_accounts > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('adoption.time_to_value_days'),
                    exact_integer('adoption.activated_accounts')
                ) }}
        end as average_time_to_value_days,
        case
            when adoption.twice_median_days is not null
                then {{ round_quotient_to_mrr(
                    exact_integer('adoption.twice_median_days'), exact_integer('2')
                ) }}
        end as median_time_to_value_days,
        coalesce(months.is_complete_month, true) as is_complete_month
    from adoption
    left join months
        on adoption.month = months.month

)

select * from final
