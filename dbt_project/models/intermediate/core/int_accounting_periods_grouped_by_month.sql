-- Grain: one row per month that the ledger has an accounting period for.
-- Quarters, years and adjustment periods are no months; a month is closed when every
-- period in it is.
with

accounting_periods as (

    select * from {{ ref('stg_ledger__accounting_periods') }}

),

final as (

    select
        {{ month_of('start_date') }} as month,
        max(period_name) as period_name,
        min(case when is_closed then 1 else 0 end) = 1 as is_closed_period
    from accounting_periods
    where
        not is_quarter
        and not is_year
        and not is_adjustment
    group by {{ month_of('start_date') }}

)

select * from final
