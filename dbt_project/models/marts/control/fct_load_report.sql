-- Grain: one row per landing file in this version.
with

load_report as (

    select * from {{ ref('stg_control__load_report') }}

),

final as (

    select
        source,
        table_name,
        file_name,
        loaded_at,
        rows_read,
        rows_accepted,
        rows_quarantined,
        rows_superseded,
        unknown_columns,
        object_hash
    from load_report

)

select * from final
