-- Grain: one row per pool whose allocation the company has set itself.
with

source as (

    select * from {{ source('policy', 'allocation_rules') }}

),

final as (

    select
        pool,
        driver,
        fallback_drivers,
        why
    from source

)

select * from final
