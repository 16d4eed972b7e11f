-- Grain: one row per decision about records that could not be followed.
with

source as (

    select * from {{ source('identity', 'problems') }}

),

final as (

    select
        object_type,
        left_id,
        right_id,
        reason
    from source

)

select * from final
