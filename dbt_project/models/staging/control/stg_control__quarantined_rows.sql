-- Grain: one row per unreadable cell of this build's files.
with

source as (

    select * from {{ source('control', 'quarantined_rows') }}

),

final as (

    select
        source,
        table_name,
        file_name,
        line_number,
        column_name,
        value as rejected_value,
        reason
    from source

)

select * from final
