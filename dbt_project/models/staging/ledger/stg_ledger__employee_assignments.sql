-- Grain: one row per employee, department, location and first day. A department or
-- location that the export leaves open is empty.
with

source as (

    select * from {{ source('ledger', 'employee_assignment') }}

),

final as (

    select
        employee_id,
        coalesce(department, '') as department,
        coalesce(location, '') as location,
        fte,
        valid_from,
        valid_to
    from source

)

select * from final
