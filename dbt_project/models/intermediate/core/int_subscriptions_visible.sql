-- Grain: one row per subscription that exists for this run: live, not deleted, and not
-- created after an as-of that the operator gave. A subscription that is not here has
-- left the export; its paid history stays.
with

subscriptions as (

    select * from {{ ref('stg_billing__subscriptions') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        subscriptions.subscription_id,
        subscriptions.customer_id,
        subscriptions.subscription_status,
        subscriptions.cancellation_reason,
        subscriptions.pause_collection_behavior,
        subscriptions.trial_start_at,
        subscriptions.trial_end_at,
        subscriptions.canceled_at,
        subscriptions.ended_at,
        coalesce(subscriptions.started_at, subscriptions.created_at) as started_at,
        subscriptions.created_at
    from subscriptions
    cross join run_settings
    where
        subscriptions.is_live
        and not subscriptions.is_deleted
        and (
            not run_settings.is_as_of_given
            or coalesce(subscriptions.created_at < run_settings.as_of_at, true)
        )

)

select * from final
