-- Grain: one row per payout.
with

source as (

    select * from {{ source('billing', 'payout') }}

),

final as (

    select
        id as payout_id,
        status as payout_status,
        amount as amount_minor,
        arrival_date as arrival_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
