-- Grain: one row per employee.
with

source as (

    select * from {{ source('ledger', 'employee') }}

),

final as (

    select
        id as employee_id,
        department,
        location,
        lower(trim(function)) as function_name,
        fte,
        start_date,
        end_date
    from source

)

select * from final
