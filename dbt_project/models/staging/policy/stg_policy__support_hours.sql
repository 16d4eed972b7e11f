-- Grain: one row per weekday and span of support hours that the company has set
-- itself.
with

source as (

    select * from {{ source('policy', 'support_hours') }}

),

final as (

    select
        weekday,
        span_number,
        opens,
        closes,
        why
    from source

)

select * from final
