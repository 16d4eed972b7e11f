-- Grain: one row per segment type, segment, cross segment type, cross segment and
-- calendar year with revenue, with ARR at its last month-end or with a forecast.
-- A forecast goes on from the last complete year at the segment's growth since the
-- first one: it says where constant growth leads, no more.
with

segment_years as (

    select * from {{ ref('int_revenue_by_segment_year') }}

),

years as (

    select * from {{ ref('int_revenue_years') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

bases as (

    select
        segment_years.segment_type,
        segment_years.segment,
        segment_years.cross_segment_type,
        segment_years.cross_segment,
        segment_years.revenue_minor
    from segment_years
    inner join years
        on segment_years.year = years.year
    where years.year = years.base_year

),

measured as (

    select
        segment_years.segment_type,
        segment_years.segment,
        segment_years.cross_segment_type,
        segment_years.cross_segment,
        segment_years.year,
        segment_years.revenue_minor,
        segment_years.arr_amount,
        segment_years.accounts,
        years.total_revenue_minor,
        years.is_complete_year,
        years.last_complete_year,
        case
            when years.is_complete_year
                then {{ compound_growth(
                    'bases.revenue_minor',
                    'segment_years.revenue_minor',
                    '(years.year - years.base_year)'
                ) }}
        end as growth
    from segment_years
    inner join years
        on segment_years.year = years.year
    left join bases
        on
            segment_years.segment_type = bases.segment_type
            and segment_years.segment = bases.segment
            and segment_years.cross_segment_type = bases.cross_segment_type
            and segment_years.cross_segment = bases.cross_segment

),

year_bounds as (

    select distinct
        years.base_year,
        years.last_complete_year,
        years.last_complete_year + run_settings.forecast_years as last_forecast_year
    from years
    cross join run_settings

),

listed_years as (

    select
        last_complete_year,
        last_forecast_year,
        {{ year_series('last_complete_year + 1', 'last_forecast_year') }} as year
    from year_bounds
    where last_complete_year is not null

),

forecasts as (

    select
        measured.segment_type,
        measured.segment,
        measured.cross_segment_type,
        measured.cross_segment,
        cast(listed_years.year as integer) as year,
        measured.growth,
        {{ grown_amount(
            minor_to_amount('measured.revenue_minor', 'currencies.minor_unit_digits'),
            'measured.growth',
            '(listed_years.year - measured.year)',
            'currencies.minor_unit_digits'
        ) }} as forecast_amount
    from measured
    inner join listed_years
        on measured.year = listed_years.last_complete_year
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    where
        measured.growth is not null
        and measured.revenue_minor > 0
        and listed_years.year > measured.year
        and listed_years.year <= listed_years.last_forecast_year

),

segment_rows as (

    select
        segment_type,
        segment,
        cross_segment_type,
        cross_segment,
        year
    from measured
    union
    select
        segment_type,
        segment,
        cross_segment_type,
        cross_segment,
        year
    from forecasts

),

final as (

    select
        segment_rows.segment_type,
        segment_rows.segment,
        segment_rows.cross_segment_type,
        segment_rows.cross_segment,
        segment_rows.year,
        {{ minor_to_amount(
            'measured.revenue_minor', 'currencies.minor_unit_digits'
        ) }} as amount,
        {{ minor_to_amount(
            'measured.total_revenue_minor', 'currencies.minor_unit_digits'
        ) }} as total_amount,
        {{ ratio('measured.revenue_minor', 'measured.total_revenue_minor') }}
            as amount_share,
        measured.arr_amount,
        measured.accounts,
        year_bounds.base_year,
        coalesce(forecasts.growth, measured.growth) as cagr_rate,
        coalesce(measured.is_complete_year, false) as is_complete_year,
        forecasts.forecast_amount,
        coalesce(segment_rows.year > year_bounds.last_complete_year, false)
            as is_forecast
    from segment_rows
    cross join run_settings
    cross join year_bounds
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    left join measured
        on
            segment_rows.segment_type = measured.segment_type
            and segment_rows.segment = measured.segment
            and segment_rows.cross_segment_type = measured.cross_segment_type
            and segment_rows.cross_segment = measured.cross_segment
            and segment_rows.year = measured.year
    left join forecasts
        on
            segment_rows.segment_type = forecasts.segment_type
            and segment_rows.segment = forecasts.segment
            and segment_rows.cross_segment_type = forecasts.cross_segment_type
            and segment_rows.cross_segment = forecasts.cross_segment
            and segment_rows.year = forecasts.year

)

select * from final
