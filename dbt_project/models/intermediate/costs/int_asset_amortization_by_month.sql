-- Grain: one row per capitalised asset and month, from its first to that of its
-- disposal or of the as-of.
-- By day from the day in service over the useful life: what is amortised up to the end
-- of a month is rounded, and the month has what that adds. On the day of its disposal
-- an asset stops and leaves the books. Balances are those at the end of the month.
with

assets as (

    select * from {{ ref('int_assets_described') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

lives as (

    select
        assets.asset_id,
        assets.kind,
        assets.bucket,
        assets.pool,
        {{ exact_integer('assets.cost_minor') }} as cost_minor,
        coalesce(assets.capitalized_on, assets.in_service_on) as capitalized_on,
        assets.in_service_on,
        assets.end_date,
        assets.disposed_on,
        least(
            coalesce(assets.capitalized_on, assets.in_service_on),
            coalesce(assets.in_service_on, assets.capitalized_on)
        ) as first_date,
        least(
            coalesce(assets.disposed_on, run_settings.as_of_date),
            run_settings.as_of_date
        ) as last_date
    from assets
    cross join run_settings

),

month_starts as (

    select
        asset_id,
        {{ month_series(month_of('first_date'), month_of('last_date')) }}
            as month_start
    from lives
    where first_date <= last_date

),

months as (

    select
        asset_id,
        cast(month_start as date) as month,
        {{ add_months('cast(month_start as date)', 1) }} as next_month
    from month_starts

),

elapsed as (

    select
        lives.*,
        months.month,
        months.next_month,
        coalesce(lives.disposed_on < months.next_month, false) as is_disposed,
        {{ days_between('lives.in_service_on', 'lives.end_date') }} as life_days,
        {{ days_between(
            'lives.in_service_on',
            'least(months.month, lives.end_date, coalesce(lives.disposed_on, '
            ~ 'lives.end_date))'
        ) }} as days_before,
        {{ days_between(
            'lives.in_service_on',
            'least(months.next_month, lives.end_date, coalesce(lives.disposed_on, '
            ~ 'lives.end_date))'
        ) }} as days_by_end
    from lives
    inner join months
        on lives.asset_id = months.asset_id

),

amortized as (

    select
        *,
        case
            when days_before > 0 and life_days > 0
                then {{ round_quotient(
                    'cost_minor * days_before', exact_integer('life_days')
                ) }}
            else 0
        end as amortized_before_minor,
        case
            when days_by_end > 0 and life_days > 0
                then {{ round_quotient(
                    'cost_minor * days_by_end', exact_integer('life_days')
                ) }}
            else 0
        end as amortized_minor
    from elapsed

),

final as (

    select
        asset_id,
        month,
        kind,
        bucket,
        pool,
        cast(amortized_minor - amortized_before_minor as decimal(20, 0))
            as amortization_minor,
        cast(case when is_disposed then 0 else amortized_minor end as decimal(20, 0))
            as accumulated_minor,
        cast(
            case
                when is_disposed or capitalized_on >= next_month then 0
                else cost_minor
            end as decimal(20, 0)
        ) as cost_minor,
        is_disposed
    from amortized

)

select * from final
