-- Grain: one row per expense line of the ledger and part of it.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

final as (

    select
        transaction_id,
        transaction_line_id,
        part,
        month,
        transaction_number,
        transaction_date,
        account_id,
        account_number,
        account_name,
        account_role,
        department,
        location,
        class,
        vendor,
        document_id,
        bucket,
        pool,
        is_direct,
        rule,
        why,
        split_by,
        share_quantity,
        share_total,
        {{ minor_to_amount('line_amount_minor', 'minor_unit_digits') }} as line_amount,
        {{ minor_to_amount('amount_minor', 'minor_unit_digits') }} as amount
    from cost_lines

)

select * from final
