-- Grain: one row per month, from the first billed month to the month of the as-of.
with

months as (

    select * from {{ ref('int_months') }}

),

accounting_periods as (

    select * from {{ ref('int_accounting_periods_grouped_by_month') }}

),

final as (

    select
        months.month,
        months.month_start_at,
        months.month_end_at,
        months.is_complete_month,
        accounting_periods.is_closed_period,
        accounting_periods.period_name
    from months
    left join accounting_periods
        on months.month = accounting_periods.month

)

select * from final
