-- Grain: one row per pair of records that somebody has decided about.
with

source as (

    select * from {{ source('policy', 'identity_decisions') }}

),

final as (

    select
        object_type,
        left_id,
        right_id,
        decision,
        decided_by,
        decided_on,
        why
    from source

)

select * from final
