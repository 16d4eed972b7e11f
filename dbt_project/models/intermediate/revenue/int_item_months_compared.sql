-- Grain: one row per subscription item and month at whose end some definition may count
-- it: it is in service, or in a gap of its service.
-- Beside its value by our policies stands every fact that another definition asks for.
with

service as (

    select * from {{ ref('int_item_service_intervals') }}

),

gaps as (

    select * from {{ ref('int_item_service_gaps') }}

),

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

discounted_service as (

    select *
    from {{ ref('int_item_service_discounted') }}
    where coupon_scope <> 'recurring'

),

lines as (

    select * from {{ ref('int_invoice_lines_classified') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

months as (

    select * from {{ ref('int_months') }}

),

month_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

day_rates as (

    select * from {{ ref('int_exchange_rates_by_statement_day') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

statements as (

    select distinct
        subscription_item_id,
        statement_start_at,
        subscription_id,
        customer_id,
        price_id,
        currency_code,
        invoice_id
    from service

),

served_months as (

    select
        service.subscription_item_id,
        service.statement_start_at,
        months.month,
        cast(null as string) as gap_type,
        cast(null as timestamp) as valued_at
    from service
    inner join months
        on
            service.valid_from < months.month_end_at
            and months.month_end_at <= service.valid_to

),

gap_months as (

    select
        gaps.subscription_item_id,
        gaps.statement_start_at,
        months.month,
        gaps.gap_type,
        -- A gap is worth what the service before it was worth in the end.
        gaps.served_until_at as valued_at
    from gaps
    inner join months
        on
            gaps.gap_from < months.month_end_at
            and months.month_end_at <= gaps.gap_to

),

compared_months as (

    select * from served_months
    union all
    select * from gap_months

),

-- Periods that were billed and never counted, and what became of their invoice.
uncounted_periods as (

    select
        lines.subscription_id,
        months.month,
        max(
            case
                when lines.invoice_status in ('uncollectible', 'open') then 1
                else 0
            end
        ) as has_unpaid_period,
        max(case when lines.invoice_status in ('void', 'draft') then 1 else 0 end)
            as has_waived_period
    from lines
    inner join months
        on
            lines.period_start_at < months.month_end_at
            and months.month_end_at <= lines.period_end_at
    where
        lines.is_recurring_licensed
        and not lines.is_credit
        and (
            lines.exclusion_reason in (
                'draft invoice', 'void invoice', 'uncollectible invoice'
            )
            or lines.exclusion_reason like 'open invoice of %'
        )
    group by lines.subscription_id, months.month

),

paid_lines as (

    select
        lines.subscription_id,
        lines.customer_id,
        coalesce(invoices.paid_at, {{ start_of_time() }}) as paid_at
    from lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
    where
        lines.exclusion_reason is null
        and lines.amount_minor > 0
        and invoices.invoice_status = 'paid'

),

first_payments_of_subscriptions as (

    select
        subscription_id,
        min(paid_at) as first_paid_at
    from paid_lines
    group by subscription_id

),

first_payments_of_customers as (

    select
        customer_id,
        min(paid_at) as first_paid_at
    from paid_lines
    group by customer_id

),

purchases as (

    select
        coalesce(subscription_id, subscription_item_id) as purchased_id,
        min(statement_start_at) as purchased_at
    from service
    group by coalesce(subscription_id, subscription_item_id)

),

-- What an item-month with coupons is worth where other ones of them are deducted.
coupon_values as (

    select
        discounted_service.*,
        months.month
    from discounted_service
    inner join months
        on
            discounted_service.valid_from < months.month_end_at
            and months.month_end_at <= discounted_service.valid_to
    union all
    select
        discounted_service.*,
        gap_months.month
    from discounted_service
    inner join gap_months
        on
            discounted_service.subscription_item_id = gap_months.subscription_item_id
            and discounted_service.valid_to = gap_months.valued_at

),

coupon_values_by_month as (

    select
        subscription_item_id,
        month,
        max(case when coupon_scope = 'forever' then mrr_amount_in_currency end)
            as forever_mrr_amount_in_currency,
        max(case when coupon_scope = 'forever' then arr_amount_in_currency end)
            as forever_arr_amount_in_currency,
        max(case when coupon_scope = 'every' then mrr_amount_in_currency end)
            as every_mrr_amount_in_currency,
        max(case when coupon_scope = 'every' then arr_amount_in_currency end)
            as every_arr_amount_in_currency,
        max(gross_mrr_amount_in_currency) as gross_mrr_amount_in_currency,
        max(gross_arr_amount_in_currency) as gross_arr_amount_in_currency
    from coupon_values
    group by subscription_item_id, month

),

our_values as (

    select
        subscription_item_id,
        month,
        mrr_amount_in_currency,
        arr_amount_in_currency,
        mrr_amount as our_mrr_amount
    from item_months
    union all
    select
        gap_months.subscription_item_id,
        gap_months.month,
        intervals.mrr_amount_in_currency,
        intervals.arr_amount_in_currency,
        0 as our_mrr_amount
    from gap_months
    inner join intervals
        on
            gap_months.subscription_item_id = intervals.subscription_item_id
            and gap_months.valued_at = intervals.valid_to

),

described as (

    select
        compared_months.subscription_item_id,
        compared_months.statement_start_at,
        compared_months.month,
        months.next_month,
        months.month_end_at,
        statements.subscription_id,
        statements.customer_id,
        statements.price_id,
        statements.currency_code,
        accounts.account_id,
        prices.billing_interval,
        subscriptions.subscription_status,
        case
            when
                (compared_months.gap_type is distinct from 'unbilled')
                then compared_months.gap_type
            when
                subscriptions.subscription_status = 'unpaid'
                or uncounted_periods.has_unpaid_period = 1
                then 'unpaid'
            when
                subscriptions.subscription_status = 'paused'
                or subscriptions.pause_collection_behavior is not null
                or uncounted_periods.has_waived_period = 1
                then 'paused'
            else 'late'
        end as gap_type,
        coalesce(subscriptions.canceled_at < months.month_end_at, false)
            as is_notice_given,
        coalesce(
            coalesce(subscriptions.trial_start_at, {{ start_of_time() }})
            < months.month_end_at
            and months.month_end_at
            <= coalesce(subscriptions.trial_end_at, {{ end_of_time() }})
            and (
                subscriptions.trial_start_at is not null
                or subscriptions.trial_end_at is not null
            ),
            false
        ) as is_in_trial,
        -- What belongs to no subscription is paid by its customer.
        coalesce(
            case
                when statements.subscription_id is null
                    then first_payments_of_customers.first_paid_at
                else first_payments_of_subscriptions.first_paid_at
            end < months.month_end_at,
            false
        ) as has_subscription_paid,
        coalesce(
            first_payments_of_customers.first_paid_at < months.month_end_at, false
        ) as has_customer_paid,
        -- Since when its invoice is past due, if it is.
        case
            when
                invoices.past_due_from < months.month_end_at
                and months.month_end_at <= invoices.settled_at
                then invoices.past_due_from
        end as past_due_from,
        -- Where a day has no rate that is young enough, the month's stands.
        coalesce(statement_rates.exchange_rate, closing_rates.exchange_rate)
            as statement_exchange_rate,
        coalesce(purchase_rates.exchange_rate, closing_rates.exchange_rate)
            as purchase_exchange_rate,
        closing_rates.exchange_rate,
        next_rates.exchange_rate as next_exchange_rate
    from compared_months
    cross join run_settings
    inner join months
        on compared_months.month = months.month
    inner join statements
        on
            compared_months.subscription_item_id = statements.subscription_item_id
            and compared_months.statement_start_at = statements.statement_start_at
    inner join accounts
        on statements.customer_id = accounts.customer_id
    inner join prices
        on statements.price_id = prices.price_id
    -- Without a rate of the month it is no candidate; what we count has one.
    inner join month_rates as closing_rates
        on
            statements.currency_code = closing_rates.currency_code
            and compared_months.month = closing_rates.month
    left join month_rates as next_rates
        on
            statements.currency_code = next_rates.currency_code
            and months.next_month = next_rates.month
    left join subscriptions
        on statements.subscription_id = subscriptions.subscription_id
    left join invoices
        on statements.invoice_id = invoices.invoice_id
    left join uncounted_periods
        on
            statements.subscription_id = uncounted_periods.subscription_id
            and compared_months.month = uncounted_periods.month
    left join first_payments_of_subscriptions
        on
            statements.subscription_id
            = first_payments_of_subscriptions.subscription_id
    left join first_payments_of_customers
        on statements.customer_id = first_payments_of_customers.customer_id
    left join purchases
        on
            coalesce(statements.subscription_id, statements.subscription_item_id)
            = purchases.purchased_id
    left join day_rates as statement_rates
        on
            statements.currency_code = statement_rates.currency_code
            and cast(
                {{ local_timestamp(
                    'statements.statement_start_at', 'run_settings.reporting_time_zone'
                ) }} as date
            ) = statement_rates.statement_date
    left join day_rates as purchase_rates
        on
            statements.currency_code = purchase_rates.currency_code
            and cast(
                {{ local_timestamp(
                    'purchases.purchased_at', 'run_settings.reporting_time_zone'
                ) }} as date
            ) = purchase_rates.statement_date

),

final as (

    select
        described.subscription_item_id,
        described.month,
        described.next_month,
        described.month_end_at,
        described.subscription_id,
        described.account_id,
        described.currency_code,
        described.billing_interval,
        described.subscription_status,
        described.gap_type,
        described.is_notice_given,
        described.is_in_trial,
        described.has_subscription_paid,
        described.has_customer_paid,
        described.past_due_from,
        described.exchange_rate,
        described.next_exchange_rate,
        described.statement_exchange_rate,
        -- The rate at which the next month values it, while it goes on.
        case
            when
                lead(described.month) over (
                    partition by described.subscription_item_id
                    order by described.month
                ) = described.next_month
                and lead(described.currency_code) over (
                    partition by described.subscription_item_id
                    order by described.month
                ) = described.currency_code
                then
                    lead(described.statement_exchange_rate) over (
                        partition by described.subscription_item_id
                        order by described.month
                    )
            else described.statement_exchange_rate
        end as next_statement_exchange_rate,
        described.purchase_exchange_rate,
        coalesce(our_values.our_mrr_amount, 0) as our_mrr_amount,
        coalesce(our_values.mrr_amount_in_currency, 0) as mrr_amount_in_currency,
        coalesce(our_values.arr_amount_in_currency, 0) as arr_amount_in_currency,
        coalesce(
            coupon_values_by_month.forever_mrr_amount_in_currency,
            our_values.mrr_amount_in_currency,
            0
        ) as forever_mrr_amount_in_currency,
        coalesce(
            coupon_values_by_month.forever_arr_amount_in_currency,
            our_values.arr_amount_in_currency,
            0
        ) as forever_arr_amount_in_currency,
        coalesce(
            coupon_values_by_month.every_mrr_amount_in_currency,
            our_values.mrr_amount_in_currency,
            0
        ) as every_mrr_amount_in_currency,
        coalesce(
            coupon_values_by_month.every_arr_amount_in_currency,
            our_values.arr_amount_in_currency,
            0
        ) as every_arr_amount_in_currency,
        coalesce(
            coupon_values_by_month.gross_mrr_amount_in_currency,
            our_values.mrr_amount_in_currency,
            0
        ) as gross_mrr_amount_in_currency,
        coalesce(
            coupon_values_by_month.gross_arr_amount_in_currency,
            our_values.arr_amount_in_currency,
            0
        ) as gross_arr_amount_in_currency
    from described
    left join our_values
        on
            described.subscription_item_id = our_values.subscription_item_id
            and described.month = our_values.month
    left join coupon_values_by_month
        on
            described.subscription_item_id
            = coupon_values_by_month.subscription_item_id
            and described.month = coupon_values_by_month.month

)

select * from final
