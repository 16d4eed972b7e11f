-- Grain: one row per deal, stage and time at which the deal entered it.
with

source as (

    select * from {{ source('crm', 'deal_stage') }}

),

final as (

    select
        deal_id,
        value as stage_id,
        date_entered as entered_at
    from source

)

select * from final
