-- Grain: one row per line of a billed invoice and performance obligation (main, or the
-- included support of a perpetual licence): its net amount in whole minor units, its
-- revenue stream, and the days over which it is earned.
-- It is earned evenly over day_count days from start_on; where day_count is 0, all of
-- it on start_on. Definitions 5.
with

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

discounts_of_lines as (

    select * from {{ ref('int_invoice_line_discounts_summed') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

billed_lines as (

    select
        invoice_line_items.invoice_line_item_id,
        invoice_line_items.invoice_id,
        invoice_line_items.price_id,
        invoice_line_items.amount_minor
        - coalesce(discounts_of_lines.discount_minor, 0) as itemised_minor,
        invoice_line_items.period_start_at,
        invoice_line_items.period_end_at
    from invoice_line_items
    left join discounts_of_lines
        on
            invoice_line_items.invoice_line_item_id
            = discounts_of_lines.invoice_line_item_id
    where
        invoice_line_items.is_live
        and not invoice_line_items.is_deleted
    union all
    -- An amount without lines is earned like a line without a period.
    select
        invoice_id as invoice_line_item_id,
        invoice_id,
        cast(null as string) as price_id,
        cast(0 as bigint) as itemised_minor,
        cast(null as timestamp) as period_start_at,
        cast(null as timestamp) as period_end_at
    from invoices
    where
        line_count = 0
        and net_minor <> 0

),

-- What discounts or inclusive taxes take off that no row itemises goes by the amounts.
weighted as (

    select
        billed_lines.invoice_line_item_id,
        billed_lines.invoice_id,
        billed_lines.price_id,
        billed_lines.itemised_minor,
        billed_lines.period_start_at,
        billed_lines.period_end_at,
        invoices.net_minor - sum(billed_lines.itemised_minor) over (
            partition by billed_lines.invoice_id
        ) as residual_minor,
        sum(greatest(billed_lines.itemised_minor, 0)) over (
            partition by billed_lines.invoice_id
        ) as invoice_weight,
        coalesce(
            sum(greatest(billed_lines.itemised_minor, 0)) over (
                partition by billed_lines.invoice_id
                order by billed_lines.invoice_line_item_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as weight_before,
        row_number() over (
            partition by billed_lines.invoice_id
            order by billed_lines.invoice_line_item_id desc
        ) as number_from_last
    from billed_lines
    inner join invoices
        on billed_lines.invoice_id = invoices.invoice_id

),

net_lines as (

    select
        invoice_line_item_id,
        invoice_id,
        price_id,
        itemised_minor + case
            when residual_minor = 0 then 0
            when invoice_weight > 0
                then
                    {{ prefix_share(
                        'residual_minor',
                        'weight_before',
                        'greatest(itemised_minor, 0)',
                        'invoice_weight'
                    ) }}
            when number_from_last = 1 then residual_minor
            else 0
        end as net_minor,
        period_start_at,
        period_end_at
    from weighted

),

described as (

    select
        net_lines.invoice_line_item_id,
        net_lines.invoice_id,
        net_lines.price_id,
        prices.product_id,
        {{ exact_integer('net_lines.net_minor') }} as net_minor,
        coalesce(prices.licence_type = 'perpetual', false) as is_perpetual,
        case
            when prices.revenue_stream is not null then prices.revenue_stream
            when prices.usage_type = 'metered' then 'usage'
            when prices.licence_type = 'perpetual' then 'licence'
            when prices.licence_type = 'maintenance' then 'maintenance'
            when prices.price_type = 'recurring' then 'subscription'
            else 'unclassified'
        end as stream,
        coalesce(net_lines.period_end_at > net_lines.period_start_at, false)
            as has_period,
        {{ local_day(
            'net_lines.period_start_at', 'run_settings.reporting_time_zone'
        ) }} as period_start_on,
        {{ local_day('net_lines.period_end_at', 'run_settings.reporting_time_zone') }}
            as period_end_on,
        {{ exact_integer('round(run_settings.licence_support_share * 1000000)') }}
            as support_millionths,
        run_settings.licence_support_allocation
    from net_lines
    left join prices
        on net_lines.price_id = prices.price_id
    cross join run_settings

),

supported as (

    select
        described.*,
        invoices.customer_id,
        invoices.account_id,
        invoices.currency_code,
        invoices.minor_unit_digits,
        invoices.billed_on,
        case
            when described.has_period then described.period_start_on
            else invoices.billed_on
        end as starts_on,
        case
            when not described.is_perpetual then 0
            when described.licence_support_allocation = 'relative'
                then
                    {{ round_quotient(
                        'described.net_minor * described.support_millionths',
                        '1000000 + described.support_millionths'
                    ) }}
            else
                {{ round_quotient(
                    'described.net_minor * described.support_millionths', '1000000'
                ) }}
        end as support_minor
    from described
    inner join invoices
        on described.invoice_id = invoices.invoice_id

),

main_obligations as (

    select
        invoice_line_item_id,
        'main' as obligation,
        invoice_id,
        customer_id,
        account_id,
        product_id,
        price_id,
        currency_code,
        minor_unit_digits,
        billed_on,
        stream,
        net_minor - support_minor as net_minor,
        starts_on as start_on,
        -- A licence is handed over on one day, whatever period its line shows.
        case
            when has_period and not is_perpetual
                then {{ days_between('period_start_on', 'period_end_on') }}
            else 0
        end as day_count
    from supported

),

included_support as (

    select
        invoice_line_item_id,
        'included_support' as obligation,
        invoice_id,
        customer_id,
        account_id,
        product_id,
        price_id,
        currency_code,
        minor_unit_digits,
        billed_on,
        'maintenance' as stream,
        support_minor as net_minor,
        starts_on as start_on,
        {{ days_between('starts_on', add_months('starts_on', 12)) }} as day_count
    from supported
    where is_perpetual

),

final as (

    select
        invoice_line_item_id,
        obligation,
        invoice_id,
        customer_id,
        account_id,
        product_id,
        price_id,
        currency_code,
        minor_unit_digits,
        billed_on,
        stream,
        net_minor,
        start_on,
        day_count
    from main_obligations
    union all
    select
        invoice_line_item_id,
        obligation,
        invoice_id,
        customer_id,
        account_id,
        product_id,
        price_id,
        currency_code,
        minor_unit_digits,
        billed_on,
        stream,
        net_minor,
        start_on,
        day_count
    from included_support

)

select * from final
