-- Grain: one row per mapping and value that the company has set itself.
with

source as (

    select * from {{ source('policy', 'cost_mappings') }}

),

final as (

    select
        mapping,
        value,
        target,
        pool,
        why
    from source

)

select * from final
