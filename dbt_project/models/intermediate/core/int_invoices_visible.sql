-- Grain: one row per invoice that exists for this run: live, not deleted, and not
-- created or finalised after an as-of that the operator gave.
with

invoices as (

    select * from {{ ref('stg_billing__invoices') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        invoices.invoice_id,
        invoices.customer_id,
        invoices.subscription_id,
        invoices.invoice_status,
        invoices.currency_code,
        invoices.created_at,
        invoices.finalized_at,
        invoices.due_at,
        invoices.paid_at,
        invoices.voided_at,
        invoices.marked_uncollectible_at
    from invoices
    cross join run_settings
    where
        invoices.is_live
        and not invoices.is_deleted
        and (
            not run_settings.is_as_of_given
            or (
                coalesce(invoices.created_at < run_settings.as_of_at, true)
                and coalesce(invoices.finalized_at < run_settings.as_of_at, true)
            )
        )

)

select * from final
