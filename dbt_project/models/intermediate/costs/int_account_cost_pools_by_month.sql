-- Grain: one row per month, pool and bucket of cost that goes to accounts, with the
-- driver that it follows.
with

pools as (

    select
        cast(null as date) as month,
        cast(null as string) as pool,
        cast(null as string) as bucket,
        cast(null as string) as followed_bucket,
        cast(null as string) as margin_line,
        cast(null as decimal(20, 0)) as amount_minor,
        cast(null as string) as driver,
        cast(null as integer) as driver_rank,
        cast(null as decimal(38, 6)) as driver_total

),

final as (

    select * from pools
    where month is not null

)

select * from final
