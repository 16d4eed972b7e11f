-- Grain: one row per month, from the first billed month to the month of the as-of.
with

months as (

    select * from {{ ref('int_months') }}

),

accounting_periods as (

    select * from {{ ref('stg_ledger__accounting_periods') }}

),

monthly_periods as (

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

),

final as (

    select
        months.month,
        months.month_start_at,
        months.month_end_at,
        months.is_complete_month,
        monthly_periods.is_closed_period,
        monthly_periods.period_name
    from months
    left join monthly_periods
        on months.month = monthly_periods.month

)

select * from final
