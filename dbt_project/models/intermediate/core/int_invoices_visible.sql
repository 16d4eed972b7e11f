-- Grain: one row per invoice that exists for this run: live, not deleted, and not
-- created or finalised after an as-of that the operator gave.
-- It is past due over [past_due_from, settled_at), and its service is given up from
-- defaulted_from on, where the policy has a number of days for that.
with

invoices as (

    select * from {{ ref('stg_billing__invoices') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

visible as (

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
        invoices.marked_uncollectible_at,
        run_settings.past_due_churn_days,
        -- An invoice that is charged automatically has no due date: it is due at once.
        greatest(
            coalesce(invoices.finalized_at, invoices.created_at),
            coalesce(invoices.due_at, invoices.finalized_at, invoices.created_at)
        ) as past_due_from,
        case
            when
                invoices.invoice_status in ('paid', 'void', 'uncollectible')
                and invoices.paid_at is null
                and invoices.voided_at is null
                and invoices.marked_uncollectible_at is null
                -- Settled, and nothing says when: never past due.
                then {{ start_of_time() }}
            else
                coalesce(
                    least(
                        invoices.paid_at,
                        invoices.voided_at,
                        invoices.marked_uncollectible_at
                    ),
                    {{ end_of_time() }}
                )
        end as settled_at
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

),

dated as (

    select
        *,
        {{ add_days_to_timestamp('past_due_from', 'past_due_churn_days') }}
            as given_up_from
    from visible

),

final as (

    select
        invoice_id,
        customer_id,
        subscription_id,
        invoice_status,
        currency_code,
        created_at,
        finalized_at,
        due_at,
        paid_at,
        voided_at,
        marked_uncollectible_at,
        past_due_from,
        settled_at,
        case when given_up_from < settled_at then given_up_from end as defaulted_from
    from dated

)

select * from final
