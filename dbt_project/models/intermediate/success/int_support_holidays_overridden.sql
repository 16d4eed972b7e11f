-- Grain: one row per day that is, or would be, a holiday of support.
-- The company's own row replaces the project's default of the same key as a whole.
with

default_rows as (

    select * from {{ ref('support_holidays') }}

),

company_rows as (

    select * from {{ ref('stg_policy__support_holidays') }}

),

final as (

    select
        default_rows.holiday_date,
        default_rows.holiday_name,
        default_rows.is_closed,
        default_rows.why
    from default_rows
    left join company_rows
        on default_rows.holiday_date = company_rows.holiday_date
    where company_rows.holiday_date is null
    union all
    select
        holiday_date,
        holiday_name,
        is_closed,
        why
    from company_rows

)

select * from final
