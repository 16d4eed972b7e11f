-- Grain: one row per calendar year with revenue, or with ARR at its last month-end.
-- A year is complete when it has ended by the as-of and revenue began in its January or
-- before; growth is measured from the first such year and carried on from the last one,
-- though either may have brought nothing and have no row.
with

revenue as (

    select * from {{ ref('int_revenue_by_account_price_month') }}

),

segment_years as (

    select * from {{ ref('int_revenue_by_segment_year') }}

),

months as (

    select * from {{ ref('int_months') }}

),

first_months as (

    select min(month) as first_month from revenue

),

complete_years as (

    select cast(extract(year from months.month) as integer) as year
    from months
    inner join first_months
        on first_months.first_month <= {{ add_months('months.month', -11) }}
    where
        extract(month from months.month) = 12
        and months.is_complete_month

),

bounds as (

    select
        min(year) as base_year,
        max(year) as last_complete_year
    from complete_years

),

totals as (

    select
        year,
        revenue_minor
    from segment_years
    where segment_type = 'all'

),

final as (

    select
        totals.year,
        totals.revenue_minor as total_revenue_minor,
        complete_years.year is not null as is_complete_year,
        bounds.base_year,
        bounds.last_complete_year
    from totals
    cross join bounds
    left join complete_years
        on totals.year = complete_years.year

)

select * from final
