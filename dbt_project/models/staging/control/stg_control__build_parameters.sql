-- Grain: one row, what the operator asked of this build.
with

source as (

    select * from {{ source('control', 'build_parameters') }}

),

final as (

    select
        as_of_date,
        known_at
    from source

)

select * from final
