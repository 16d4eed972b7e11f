-- Grain: one row per landing file in this build.
with

source as (

    select * from {{ source('control', 'load_report') }}

),

final as (

    select
        source,
        table_name,
        file_name,
        loaded_at,
        object_hash,
        rows_read,
        rows_accepted,
        rows_quarantined,
        rows_superseded,
        unknown_columns
    from source

)

select * from final
