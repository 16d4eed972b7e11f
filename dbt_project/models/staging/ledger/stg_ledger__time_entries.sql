-- Grain: one row per record of work; nothing identifies it.
with

source as (

    select * from {{ source('ledger', 'time_entry') }}

),

final as (

    select
        employee_id,
        account_external_id,
        project,
        hours,
        date as work_date
    from source

)

select * from final
