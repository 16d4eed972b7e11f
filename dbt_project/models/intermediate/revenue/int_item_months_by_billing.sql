-- Grain: one row per subscription item and month at whose end it is in service at a
-- price: when the statement that it is served from was billed (billing_class).
-- `renewal` and `proration` were billed in the month itself; where nobody can say,
-- billing_class is NULL and publication stops.
-- The MRR stands at the month's rate and, of renewals, at the invoice's own as well.
with

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

service as (

    select * from {{ ref('int_item_service_intervals') }}

),

statements as (

    select * from {{ ref('int_item_statements') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_invoice') }}

),

served as (

    select
        item_months.subscription_item_id,
        item_months.account_id,
        item_months.currency_code,
        item_months.month,
        item_months.gross_mrr_amount_in_currency,
        item_months.mrr_amount_in_currency,
        item_months.mrr_amount,
        service.statement_start_at,
        service.invoice_id,
        statements.is_proration,
        invoices.billed_on,
        closes.facts_close_on
    from item_months
    inner join months
        on item_months.month = months.month
    inner join closes
        on item_months.month = closes.month
    left join service
        on
            item_months.subscription_item_id = service.subscription_item_id
            and service.valid_from < months.month_end_at
            and months.month_end_at <= service.valid_to
    left join statements
        on
            service.subscription_item_id = statements.subscription_item_id
            and service.statement_start_at = statements.period_start_at
    left join invoices
        on service.invoice_id = invoices.invoice_id

),

classified as (

    select
        *,
        case
            when billed_on >= facts_close_on then 'billed_later'
            when billed_on < month then 'billed_earlier'
            when billed_on >= month and is_proration then 'proration'
            when billed_on >= month and not is_proration then 'renewal'
        end as billing_class
    from served

),

final as (

    select
        classified.subscription_item_id,
        classified.month,
        classified.account_id,
        classified.currency_code,
        classified.statement_start_at,
        classified.invoice_id,
        classified.billing_class,
        classified.gross_mrr_amount_in_currency,
        classified.mrr_amount_in_currency,
        classified.mrr_amount,
        case
            when classified.billing_class = 'renewal'
                then {{ convert_mrr(
                    'classified.mrr_amount_in_currency', 'exchange_rates.exchange_rate'
                ) }}
        end as mrr_amount_at_invoice_rate
    from classified
    left join exchange_rates
        on classified.invoice_id = exchange_rates.invoice_id

)

select * from final
