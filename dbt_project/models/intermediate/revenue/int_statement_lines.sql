-- Grain: one row per invoice line that bills a statement of service: the item and the
-- period start of that statement, and whether it is a proration as a whole. Lines that
-- another statement of the same moment replaced, and credits, bill none.
-- Definitions 1.1, step 2.
with

statements as (

    select *
    from {{ ref('int_item_statements') }}
    where not is_credit

),

counting_lines as (

    select *
    from {{ ref('int_invoice_lines_classified') }}
    where exclusion_reason is null

),

final as (

    select
        counting_lines.invoice_line_item_id,
        counting_lines.invoice_id,
        statements.subscription_item_id,
        statements.period_start_at,
        statements.is_proration
    from statements
    inner join counting_lines
        on
            statements.subscription_item_id = counting_lines.subscription_item_id
            and statements.invoice_id = counting_lines.invoice_id
            and statements.period_start_at = counting_lines.period_start_at
    where
        statements.invoice_line_item_id = counting_lines.invoice_line_item_id
        -- The lines of a tiered price are one statement.
        or (
            statements.is_tiered
            and counting_lines.is_tiered
            and not counting_lines.is_credit
            and statements.price_id = counting_lines.price_id
            and statements.period_end_at = counting_lines.period_end_at
        )

)

select * from final
