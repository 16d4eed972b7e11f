-- Grain: one row per invoice line of the export.
-- Decides which lines say something about recurring service (exclusion_reason is NULL)
-- and why the others do not.
-- Definitions 1.1, step 1.
with

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

all_invoices as (

    select invoice_id from {{ ref('stg_billing__invoices') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

subscription_items as (

    select * from {{ ref('stg_billing__subscription_items') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

lines_with_context as (

    select
        invoice_line_items.invoice_line_item_id,
        invoice_line_items.invoice_id,
        invoice_line_items.subscription_item_id,
        -- Connectors fill different ones of the three; the most specific wins.
        coalesce(
            invoice_line_items.subscription_id,
            subscription_items.subscription_id,
            invoices.subscription_id
        ) as subscription_id,
        invoices.customer_id,
        invoice_line_items.price_id,
        invoice_line_items.currency_code,
        invoice_line_items.line_type,
        invoice_line_items.description,
        invoice_line_items.is_proration,
        invoice_line_items.amount_minor,
        invoice_line_items.quantity,
        subscription_items.minimum_quantity,
        invoice_line_items.period_start_at,
        invoice_line_items.period_end_at,
        invoice_line_items.is_live,
        invoice_line_items.is_deleted,
        all_invoices.invoice_id is not null as has_invoice,
        invoices.invoice_id is not null as has_visible_invoice,
        invoices.invoice_status,
        invoices.created_at as invoice_created_at,
        prices.price_id is not null as has_price,
        prices.price_type,
        prices.stated_price_type,
        prices.billing_scheme,
        prices.licence_type,
        coalesce(prices.is_recurring_licensed, false) as is_recurring_licensed,
        coalesce(prices.is_recurring_metered, false) as is_recurring_metered
    from invoice_line_items
    left join all_invoices
        on invoice_line_items.invoice_id = all_invoices.invoice_id
    left join invoices
        on invoice_line_items.invoice_id = invoices.invoice_id
    left join subscription_items
        on
            invoice_line_items.subscription_item_id
            = subscription_items.subscription_item_id
    left join prices
        on invoice_line_items.price_id = prices.price_id

),

final as (

    select
        lines.invoice_line_item_id,
        lines.invoice_id,
        lines.subscription_id,
        -- An older export names no item: a subscription's price is then the item.
        coalesce(
            lines.subscription_item_id,
            coalesce(lines.subscription_id, lines.customer_id)
            || ':'
            || coalesce(lines.price_id, lines.invoice_line_item_id)
        ) as subscription_item_id,
        lines.customer_id,
        lines.price_id,
        lines.currency_code,
        lines.line_type,
        lines.is_proration,
        -- The credit for unused time on a free plan or a free tier is a zero, told
        -- apart only by Stripe's wording.
        lines.is_proration
        and (
            lines.amount_minor < 0
            or (
                lines.amount_minor = 0
                and coalesce(lower(lines.description) like 'unused time%', false)
            )
        ) as is_credit,
        coalesce(lines.billing_scheme = 'tiered', false) as is_tiered,
        lines.licence_type,
        lines.amount_minor,
        lines.quantity,
        lines.minimum_quantity,
        lines.period_start_at,
        coalesce(lines.period_end_at, {{ end_of_time() }}) as period_end_at,
        lines.invoice_created_at,
        lines.invoice_status,
        lines.has_invoice,
        lines.has_price,
        lines.is_recurring_licensed,
        case
            when not lines.is_live then 'test mode'
            when lines.is_deleted then 'deleted'
            when not lines.has_invoice then 'no invoice in the export'
            when
                not lines.has_visible_invoice
                then 'invoice is test mode, deleted or later than the as-of'
            when
                lines.line_type <> 'subscription' and not lines.is_proration
                then 'one-off line'
            when lines.invoice_status = 'draft' then 'draft invoice'
            when lines.invoice_status = 'void' then 'void invoice'
            when lines.invoice_status = 'uncollectible' then 'uncollectible invoice'
            when
                lines.invoice_status = 'open' and subscriptions.subscription_id is null
                then 'open invoice of a subscription that has left the export'
            when
                lines.invoice_status = 'open'
                and subscriptions.subscription_status not in (
                    'active', 'past_due', 'canceled'
                )
                then
                    'open invoice of a subscription that is '
                    || subscriptions.subscription_status
            -- A proration of a one-off charge carries no price and no item.
            when
                lines.price_id is null
                and lines.subscription_item_id is null
                and lines.line_type <> 'subscription'
                then 'one-off line'
            when not lines.has_price then 'unknown price'
            when
                lines.line_type = 'subscription'
                and lines.price_type = 'one_time'
                and lines.stated_price_type is null
                then 'price without a type and an interval'
            when lines.price_type <> 'recurring' then 'one-off price'
            when lines.is_recurring_metered then 'metered price'
            when not lines.is_recurring_licensed then 'product that is never MRR'
        end as exclusion_reason
    from lines_with_context as lines
    left join subscriptions
        on lines.subscription_id = subscriptions.subscription_id

)

select * from final
