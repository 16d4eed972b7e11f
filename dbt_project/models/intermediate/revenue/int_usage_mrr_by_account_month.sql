-- Grain: one row per account and month from its first metered line on: what its usage
-- of the three months up to it comes to in a month of average length. Definitions 1.3.
with

lines as (

    select * from {{ ref('int_invoice_lines_classified') }}

),

discounts as (

    select * from {{ ref('stg_billing__discounts') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

months as (

    select * from {{ ref('int_months') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

line_discounts as (

    select
        discounted_id as invoice_line_item_id,
        sum(amount_minor) as discount_minor
    from discounts
    where
        is_of_line
        and is_live
        and not is_deleted
    group by discounted_id

),

metered_lines as (

    select
        accounts.account_id,
        lines.subscription_item_id,
        lines.currency_code,
        months.month,
        lines.amount_minor
        - coalesce(line_discounts.discount_minor, 0) as net_amount_minor
    from lines
    inner join accounts
        on lines.customer_id = accounts.customer_id
    -- Half-open like every service: what ends with the month's last instant is its own.
    inner join months
        on
            months.month_start_at < lines.period_end_at
            and lines.period_end_at <= months.month_end_at
    left join line_discounts
        on lines.invoice_line_item_id = line_discounts.invoice_line_item_id
    where lines.exclusion_reason = 'metered price'

),

first_months as (

    select
        account_id,
        min(month) as first_month
    from metered_lines
    group by account_id

),

amounts_by_month as (

    select
        account_id,
        subscription_item_id,
        currency_code,
        month,
        sum(net_amount_minor) as net_amount_minor
    from metered_lines
    group by account_id, subscription_item_id, currency_code, month

),

-- An amount counts in its own month and the two after it.
offsets as (

    select 0 as month_offset
    union all
    select 1 as month_offset
    union all
    select 2 as month_offset

),

amounts_in_window as (

    select
        amounts_by_month.account_id,
        amounts_by_month.subscription_item_id,
        amounts_by_month.currency_code,
        months.month,
        sum(amounts_by_month.net_amount_minor) as net_amount_minor
    from amounts_by_month
    cross join offsets
    inner join months
        on
            {{ add_months('amounts_by_month.month', 'offsets.month_offset') }}
            = months.month
    group by
        amounts_by_month.account_id,
        amounts_by_month.subscription_item_id,
        amounts_by_month.currency_code,
        months.month

),

item_usage as (

    select
        amounts_in_window.account_id,
        amounts_in_window.month,
        amounts_in_window.currency_code,
        exchange_rates.exchange_rate,
        {{ round_quotient_to_mrr(
            exact_integer('amounts_in_window.net_amount_minor') ~ ' * 365',
            '(12 * ' ~ minor_units('currencies.minor_unit_digits') ~ ' * '
            ~ days_between(
                add_months('amounts_in_window.month', -2),
                add_months('amounts_in_window.month', 1)
            ) ~ ')'
        ) }} as usage_mrr_amount_in_currency
    from amounts_in_window
    left join currencies
        on amounts_in_window.currency_code = currencies.currency_code
    left join exchange_rates
        on
            amounts_in_window.month = exchange_rates.month
            and amounts_in_window.currency_code = exchange_rates.currency_code

),

account_usage as (

    select
        account_id,
        month,
        {{ sum_mrr(convert_mrr('usage_mrr_amount_in_currency', 'exchange_rate')) }}
            as usage_mrr_amount,
        min(case when exchange_rate is null then currency_code end)
            as currency_code_without_rate
    from item_usage
    group by account_id, month

),

final as (

    select
        first_months.account_id,
        months.month,
        coalesce(account_usage.usage_mrr_amount, 0) as usage_mrr_amount,
        account_usage.currency_code_without_rate
    from first_months
    inner join months
        on first_months.first_month <= months.month
    left join account_usage
        on
            first_months.account_id = account_usage.account_id
            and months.month = account_usage.month

)

select * from final
