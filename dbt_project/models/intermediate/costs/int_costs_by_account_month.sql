-- Grain: one row per month, pool, bucket and account (or unallocated). Amounts are
-- whole minor units of the reporting currency; those of a pool sum to its amount.
-- Each account gets its share by the driver, to the minor unit by largest remainder,
-- ties to the lowest account; a negative pool mirrors a positive one. Definitions 7.
with

pools as (

    select *
    from {{ ref('int_account_cost_pools_by_month') }}
    where amount_minor <> 0

),

drivers as (

    select *
    from {{ ref('int_cost_drivers_by_account_month') }}
    where quantity <> 0

),

-- Millions of rows carry a number instead of names.
numbered as (

    select
        *,
        cast(
            row_number() over (
                order by month, pool, bucket, followed_bucket
            ) as integer
        ) as pool_number,
        {{ exact_integer('abs(amount_minor)') }} * 1000 as amount_thousandths,
        {{ in_millionths('driver_total') }} as total_millionths
    from pools
    where driver_total > 0

),

-- A share in thousandths of a minor unit: one division gives the whole units and how
-- near to the next unit the account comes. It stands in the step of the join, whose
-- rows DuckDB keeps; in a later step it would divide again wherever they are read.
shared as (

    select
        numbered.pool_number,
        drivers.account_id,
        drivers.quantity,
        cast(
            {{ floor_quotient(
                'numbered.amount_thousandths * ' ~ in_millionths('drivers.quantity'),
                'numbered.total_millionths'
            ) }} as bigint
        ) as share_thousandths
    from numbered
    inner join drivers
        on
            numbered.month = drivers.month
            and numbered.driver = drivers.driver

),

cut as (

    select
        pool_number,
        account_id,
        quantity,
        {{ floor_quotient('share_thousandths', '1000') }} as whole_units,
        cast(
            share_thousandths
            - {{ floor_quotient('share_thousandths', '1000') }} * 1000 as smallint
        ) as thousandths
    from shared

),

counted as (

    select
        pool_number,
        thousandths,
        count(*) as account_count,
        sum(whole_units) as whole_units
    from cut
    group by pool_number, thousandths

),

summed as (

    select
        pool_number,
        thousandths,
        account_count,
        sum(account_count) over (
            partition by pool_number
            order by thousandths desc
            rows between unbounded preceding and current row
        ) as accounts_from_above,
        sum(whole_units) over (partition by pool_number) as whole_units
    from counted

),

left_over as (

    select
        numbered.pool_number,
        summed.thousandths,
        summed.account_count,
        summed.accounts_from_above,
        abs(numbered.amount_minor) - summed.whole_units as units_left
    from numbered
    inner join summed
        on numbered.pool_number = summed.pool_number

),

-- The thousandths at which the units left run out: above, every account gets one;
-- below, none; only the accounts at it must be ranked.
thresholds as (

    select
        pool_number,
        thousandths,
        units_left
        - (accounts_from_above - account_count) as units_at_threshold
    from left_over
    where
        accounts_from_above - account_count < units_left
        and units_left <= accounts_from_above

),

bounded as (

    select
        numbered.*,
        thresholds.thousandths as threshold,
        thresholds.units_at_threshold
    from numbered
    left join thresholds
        on numbered.pool_number = thresholds.pool_number

),

at_threshold as (

    select
        cut.pool_number,
        cut.account_id,
        bounded.units_at_threshold,
        row_number() over (
            partition by cut.pool_number
            order by
                bounded.amount_thousandths
                * {{ in_millionths('cut.quantity') }}
                - {{ exact_integer('cut.whole_units') }}
                * 1000
                * bounded.total_millionths desc,
                cut.account_id
        ) as place
    from cut
    inner join bounded
        on
            cut.pool_number = bounded.pool_number
            and cut.thousandths = bounded.threshold

),

favoured as (

    select
        pool_number,
        account_id
    from at_threshold
    where place <= units_at_threshold

),

allocated as (

    select
        bounded.month,
        bounded.pool,
        cut.account_id,
        bounded.bucket,
        bounded.followed_bucket,
        bounded.margin_line,
        bounded.driver,
        cut.quantity as driver_quantity,
        bounded.driver_total,
        case when bounded.amount_minor < 0 then -1 else 1 end
        * (
            cut.whole_units
            + case
                when
                    cut.thousandths > bounded.threshold
                    or favoured.account_id is not null
                    then 1
                else 0
            end
        ) as amount_minor
    from cut
    inner join bounded
        on cut.pool_number = bounded.pool_number
    left join favoured
        on
            cut.pool_number = favoured.pool_number
            and cut.account_id = favoured.account_id

),

final as (

    select
        month,
        pool,
        account_id,
        bucket,
        followed_bucket,
        margin_line,
        driver,
        driver_quantity,
        driver_total,
        cast(amount_minor as decimal(20, 0)) as amount_minor
    from allocated
    union all
    select
        month,
        pool,
        'unallocated' as account_id,
        bucket,
        followed_bucket,
        margin_line,
        cast(null as string) as driver,
        cast(null as decimal(38, 6)) as driver_quantity,
        cast(null as decimal(38, 6)) as driver_total,
        amount_minor
    from pools
    where coalesce(driver_total, 0) <= 0

)

select * from final
