-- Grain: one row per driver, month and account: how much of what causes cost.
with

drivers as (

    select
        cast(null as string) as driver,
        cast(null as date) as month,
        cast(null as string) as account_id,
        cast(null as decimal(38, 6)) as quantity

),

final as (

    select * from drivers
    where month is not null

)

select * from final
