-- Grain: one row per pair of records that was compared and has something in common.
with

source as (

    select * from {{ source('identity', 'pairs') }}

),

final as (

    select
        object_type,
        left_id,
        right_id,
        rule,
        score,
        evidence,
        status,
        decided_by
    from source

)

select * from final
