-- Grain: one row per department.
with

source as (

    select * from {{ source('ledger', 'department') }}

),

final as (

    select
        id as department_id,
        parent as parent_department_id,
        name as department_name,
        fullname as department_full_name
    from source

)

select * from final
