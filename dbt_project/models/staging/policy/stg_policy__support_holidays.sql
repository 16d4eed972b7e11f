-- Grain: one row per day that the company has closed its support on, or opened it.
with

source as (

    select * from {{ source('policy', 'support_holidays') }}

),

final as (

    select
        holiday_date,
        holiday_name,
        coalesce(is_closed, true) as is_closed,
        why
    from source

)

select * from final
