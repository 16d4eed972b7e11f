-- Grain: one row per subscription.
with

source as (

    select * from {{ source('billing', 'subscription') }}

),

final as (

    select
        id as subscription_id,
        customer_id,
        status as subscription_status,
        cancellation_details_reason as cancellation_reason,
        pause_collection_behavior,
        coalesce(cancel_at_period_end, false) as is_cancelled_at_period_end,
        start_date as started_at,
        current_period_start as current_period_start_at,
        current_period_end as current_period_end_at,
        billing_cycle_anchor as billing_cycle_anchor_at,
        cancel_at,
        canceled_at,
        ended_at,
        trial_start as trial_start_at,
        trial_end as trial_end_at,
        pause_collection_resumes_at,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
