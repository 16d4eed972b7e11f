-- Grain: one row per credit note.
with

source as (

    select * from {{ source('billing', 'credit_note') }}

),

final as (

    select
        id as credit_note_id,
        invoice_id,
        type as credit_note_type,
        status as credit_note_status,
        reason,
        amount as amount_minor,
        discount_amount as discount_amount_minor,
        subtotal as subtotal_minor,
        total as total_minor,
        voided_at,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
