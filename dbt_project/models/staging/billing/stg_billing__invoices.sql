-- Grain: one row per invoice.
with

source as (

    select * from {{ source('billing', 'invoice') }}

),

final as (

    select
        id as invoice_id,
        number as invoice_number,
        customer_id,
        subscription_id,
        charge_id,
        status as invoice_status,
        billing_reason,
        upper(currency) as currency_code,
        subtotal as subtotal_minor,
        tax as tax_minor,
        total as total_minor,
        amount_due as amount_due_minor,
        amount_paid as amount_paid_minor,
        amount_remaining as amount_remaining_minor,
        period_start as period_start_at,
        period_end as period_end_at,
        due_date as due_at,
        status_transitions_finalized_at as finalized_at,
        status_transitions_paid_at as paid_at,
        status_transitions_voided_at as voided_at,
        status_transitions_marked_uncollectible_at as marked_uncollectible_at,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
