-- Grain: one row per month and service pool. Amounts are minor units of the reporting
-- currency; the total is not yet whole.
with

source as (

    select * from {{ source('solved', 'overhead_totals') }}

),

final as (

    select
        month,
        method,
        pool,
        own_amount_minor,
        total_amount as total_minor
    from source

)

select * from final
