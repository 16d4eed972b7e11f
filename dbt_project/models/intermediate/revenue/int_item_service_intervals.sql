-- Grain: one row per subscription item and valid_from: the item is in service on this
-- price with this quantity over [valid_from, valid_to), UTC: what was billed, less what
-- policy past_due_churn_days gives up.
with

billed_service as (

    select * from {{ ref('int_item_service_billed') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

before_default as (

    select
        billed_service.*,
        invoices.defaulted_from
    from billed_service
    left join invoices
        on billed_service.invoice_id = invoices.invoice_id

),

after_default as (

    select
        billed_service.*,
        invoices.settled_at
    from billed_service
    inner join invoices
        on billed_service.invoice_id = invoices.invoice_id
    where invoices.defaulted_from is not null

),

pieces as (

    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        quantity,
        billable_quantity,
        invoice_line_item_id,
        invoice_id,
        statement_start_at,
        held_until_at,
        valid_from,
        least(valid_to, coalesce(defaulted_from, {{ end_of_time() }})) as valid_to
    from before_default
    union all
    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        quantity,
        billable_quantity,
        invoice_line_item_id,
        invoice_id,
        statement_start_at,
        held_until_at,
        greatest(valid_from, settled_at) as valid_from,
        valid_to
    from after_default

),

final as (

    select
        subscription_item_id,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        quantity,
        billable_quantity,
        invoice_line_item_id,
        invoice_id,
        statement_start_at,
        held_until_at,
        valid_from,
        valid_to
    from pieces
    where valid_from < valid_to

)

select * from final
