-- Grain: one row per credit note line.
with

source as (

    select * from {{ source('billing', 'credit_note_line_item') }}

),

final as (

    select
        id as credit_note_line_item_id,
        credit_note_id,
        invoice_line_item_id,
        amount as amount_minor,
        quantity,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
