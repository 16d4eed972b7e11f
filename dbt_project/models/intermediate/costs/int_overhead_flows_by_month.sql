-- Grain: one row per month, service pool, driver and target that it serves; a pool that
-- serves nobody has one row without a driver.
with

flows as (

    select
        cast(null as date) as month,
        cast(null as string) as pool,
        cast(null as string) as flow,
        cast(null as decimal(20, 0)) as amount_minor,
        cast(null as integer) as driver_rank,
        cast(null as string) as driver,
        cast(null as string) as target_type,
        cast(null as string) as target,
        cast(null as string) as target_bucket,
        cast(null as decimal(38, 12)) as quantity

),

final as (

    select * from flows
    where month is not null

)

select * from final
