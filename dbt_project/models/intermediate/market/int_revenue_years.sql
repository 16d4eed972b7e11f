-- Grain: one row per calendar year with revenue, or with ARR at its last month-end.
-- A year is complete when it has ended by the as-of and revenue began in its January or
-- before; growth is measured from the first such year and carried on from the last year
-- that is over, though it may have brought nothing and have no row.
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

ended_years as (

    select cast(extract(year from month) as integer) as year
    from months
    where
        extract(month from month) = 12
        and is_complete_month

),

last_ended_years as (

    select max(year) as year from ended_years

),

totals as (

    select
        year,
        revenue_minor
    from segment_years
    where segment_type = 'all'

),

years as (

    select
        totals.year,
        totals.revenue_minor,
        coalesce(
            ended_years.year is not null
            and (
                totals.year > extract(year from first_months.first_month)
                or extract(month from first_months.first_month) = 1
            ),
            false
        ) as is_complete_year
    from totals
    cross join first_months
    left join ended_years
        on totals.year = ended_years.year

),

based as (

    select
        year,
        revenue_minor,
        is_complete_year,
        min(case when is_complete_year then year end) over () as base_year
    from years

),

final as (

    select
        based.year,
        based.revenue_minor as total_revenue_minor,
        based.is_complete_year,
        based.base_year,
        case
            when based.base_year is not null then last_ended_years.year
        end as last_complete_year
    from based
    cross join last_ended_years

)

select * from final
