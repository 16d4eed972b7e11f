-- Grain: one row per subscription item and period start.
-- What the invoices last said about an item from that moment on: a price and a
-- quantity, or nothing (a credit).
-- Definitions 1.1, step 2.
with

counting_lines as (

    select *
    from {{ ref('int_invoice_lines_classified') }}
    where
        exclusion_reason is null
        -- A line over an empty period says nothing.
        and period_start_at < period_end_at

),

-- A graduated price is billed as a line per tier: together they are one statement.
tiered_statements as (

    select
        subscription_item_id,
        max(subscription_id) as subscription_id,
        customer_id,
        price_id,
        licence_type,
        currency_code,
        is_credit,
        is_tiered,
        -- One line that bills the period as such makes the statement a renewal.
        min(case when is_proration then 1 else 0 end) = 1 as is_proration,
        sum(quantity) as quantity,
        max(minimum_quantity) as minimum_quantity,
        period_start_at,
        period_end_at,
        invoice_id,
        invoice_created_at,
        max(invoice_line_item_id) as invoice_line_item_id
    from counting_lines
    where is_tiered
    group by
        subscription_item_id,
        customer_id,
        price_id,
        licence_type,
        currency_code,
        is_credit,
        is_tiered,
        period_start_at,
        period_end_at,
        invoice_id,
        invoice_created_at

),

statements as (

    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        licence_type,
        currency_code,
        is_credit,
        is_tiered,
        is_proration,
        quantity,
        minimum_quantity,
        period_start_at,
        period_end_at,
        invoice_id,
        invoice_created_at,
        invoice_line_item_id
    from counting_lines
    where not is_tiered
    union all
    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        licence_type,
        currency_code,
        is_credit,
        is_tiered,
        is_proration,
        quantity,
        minimum_quantity,
        period_start_at,
        period_end_at,
        invoice_id,
        invoice_created_at,
        invoice_line_item_id
    from tiered_statements

),

ranked as (

    select
        *,
        row_number() over (
            partition by subscription_item_id, period_start_at
            -- A credit speaks only where no other statement starts at the same moment.
            order by
                is_credit asc,
                invoice_created_at desc,
                invoice_line_item_id desc
        ) as latest_first
    from statements

),

final as (

    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        licence_type,
        currency_code,
        is_credit,
        is_tiered,
        is_proration,
        quantity,
        minimum_quantity,
        period_start_at,
        period_end_at,
        invoice_id,
        invoice_line_item_id
    from ranked
    where latest_first = 1

)

select * from final
