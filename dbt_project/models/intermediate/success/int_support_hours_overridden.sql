-- Grain: one row per weekday and span of support hours.
-- The company's own row replaces the project's default of the same key as a whole.
with

default_rows as (

    select * from {{ ref('support_hours') }}

),

company_rows as (

    select * from {{ ref('stg_policy__support_hours') }}

),

final as (

    select
        default_rows.weekday,
        default_rows.span_number,
        default_rows.opens,
        default_rows.closes,
        default_rows.why
    from default_rows
    left join company_rows
        on
            default_rows.weekday = company_rows.weekday
            and default_rows.span_number = company_rows.span_number
    where company_rows.weekday is null
    union all
    select
        weekday,
        span_number,
        opens,
        closes,
        why
    from company_rows

)

select * from final
