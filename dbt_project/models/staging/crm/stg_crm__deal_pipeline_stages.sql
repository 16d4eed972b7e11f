-- Grain: one row per stage of a pipeline.
with

source as (

    select * from {{ source('crm', 'deal_pipeline_stage') }}

),

final as (

    select
        stage_id,
        coalesce(label, stage_id) as stage,
        probability,
        display_order,
        coalesce(closed_won, false) as is_won,
        -- A won deal is closed, whether or not the export says so.
        coalesce(is_closed, false) or coalesce(closed_won, false) as is_closed
    from source

)

select * from final
