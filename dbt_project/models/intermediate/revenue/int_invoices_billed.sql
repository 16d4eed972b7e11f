-- Grain: one row per invoice that was billed: finalised, live, and known at the as-of.
-- Amounts are whole minor units. A void or written-off invoice was billed too; what
-- happened to it later is a reduction.
-- Definitions 5.
with

visible_invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

invoices as (

    select * from {{ ref('stg_billing__invoices') }}

),

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

discounts_of_lines as (

    select * from {{ ref('int_invoice_line_discounts_summed') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

line_sums as (

    select
        invoice_line_items.invoice_id,
        count(*) as line_count,
        sum(invoice_line_items.amount_minor) as amount_minor,
        sum(
            invoice_line_items.amount_minor
            - coalesce(discounts_of_lines.discount_minor, 0)
        ) as net_minor
    from invoice_line_items
    left join discounts_of_lines
        on
            invoice_line_items.invoice_line_item_id
            = discounts_of_lines.invoice_line_item_id
    where
        invoice_line_items.is_live
        and not invoice_line_items.is_deleted
    group by invoice_line_items.invoice_id

),

billed as (

    select
        visible_invoices.invoice_id,
        visible_invoices.customer_id,
        coalesce(accounts.account_id, visible_invoices.customer_id) as account_id,
        visible_invoices.subscription_id,
        visible_invoices.invoice_status,
        visible_invoices.currency_code,
        currencies.minor_unit_digits,
        run_settings.reporting_time_zone,
        coalesce(line_sums.line_count, 0) as line_count,
        coalesce(line_sums.amount_minor, 0) as line_amount_minor,
        coalesce(line_sums.net_minor, 0) as line_net_minor,
        invoices.subtotal_minor,
        coalesce(
            invoices.total_minor,
            coalesce(line_sums.net_minor, 0) + coalesce(invoices.tax_minor, 0)
        ) as total_minor,
        coalesce(invoices.tax_minor, 0) as tax_minor,
        invoices.amount_paid_minor,
        invoices.amount_remaining_minor,
        coalesce(visible_invoices.finalized_at, visible_invoices.created_at)
            as billed_at,
        visible_invoices.paid_at,
        visible_invoices.voided_at,
        visible_invoices.marked_uncollectible_at
    from visible_invoices
    inner join invoices
        on visible_invoices.invoice_id = invoices.invoice_id
    cross join run_settings
    left join line_sums
        on visible_invoices.invoice_id = line_sums.invoice_id
    left join accounts
        on visible_invoices.customer_id = accounts.customer_id
    left join currencies
        on visible_invoices.currency_code = currencies.currency_code
    where visible_invoices.invoice_status <> 'draft'

),

final as (

    select
        invoice_id,
        customer_id,
        account_id,
        subscription_id,
        invoice_status,
        currency_code,
        minor_unit_digits,
        line_count,
        line_amount_minor,
        line_net_minor,
        subtotal_minor,
        total_minor,
        tax_minor,
        total_minor - tax_minor as net_minor,
        amount_paid_minor,
        amount_remaining_minor,
        {{ local_day('billed_at', 'reporting_time_zone') }} as billed_on,
        {{ local_day('paid_at', 'reporting_time_zone') }} as paid_on,
        {{ local_day('voided_at', 'reporting_time_zone') }} as voided_on,
        {{ local_day('marked_uncollectible_at', 'reporting_time_zone') }}
            as marked_uncollectible_on
    from billed

)

select * from final
