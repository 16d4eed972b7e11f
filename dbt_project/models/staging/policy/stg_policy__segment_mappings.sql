-- Grain: one row per mapping and value that the company has set itself.
with

source as (

    select * from {{ source('policy', 'segment_mappings') }}

),

final as (

    select
        mapping,
        value,
        target,
        why
    from source

)

select * from final
