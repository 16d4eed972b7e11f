-- Grain: one row per deal. Its name, which may name people, stays out.
with

source as (

    select * from {{ source('crm', 'deal') }}

),

final as (

    select
        deal_id,
        deal_pipeline_id as pipeline_id,
        deal_pipeline_stage_id as stage_id,
        owner_id,
        lower(trim(property_dealtype)) as deal_type,
        property_amount as amount_in_currency,
        property_closedate as close_at,
        property_createdate as created_at,
        coalesce(is_deleted, false) as is_deleted
    from source

)

select * from final
