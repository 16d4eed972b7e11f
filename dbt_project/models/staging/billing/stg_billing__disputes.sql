-- Grain: one row per dispute.
with

source as (

    select * from {{ source('billing', 'dispute') }}

),

final as (

    select
        id as dispute_id,
        charge_id,
        status as dispute_status,
        reason,
        amount as amount_minor,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
