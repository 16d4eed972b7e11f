-- Grain: one row per employee, month and function, as the export spells it.
with

source as (

    select * from {{ source('ledger', 'time_survey') }}

),

final as (

    select
        employee_id,
        month,
        function as raw_function_name,
        lower(trim(function)) as function_name,
        share
    from source

)

select * from final
