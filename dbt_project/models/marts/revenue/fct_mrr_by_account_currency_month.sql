-- Grain: one row per account, currency and month in which it opens or closes with MRR
-- in that currency.
with

balances as (

    select * from {{ ref('int_mrr_balances_by_account_currency_month') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

with_history as (

    select
        *,
        min(case when closing_in_currency > 0 then month end) over (
            partition by account_id, currency_code
        ) as first_paid_month
    from balances

),

classified as (

    select
        *,
        {{ movement_type(
            'opening_in_currency',
            'opening_in_currency',
            'closing_in_currency',
            'month > first_paid_month'
        ) }} as movement_type
    from with_history

),

final as (

    select
        classified.account_id,
        classified.currency_code,
        classified.month,
        classified.opening_in_currency as opening_mrr_amount_in_currency,
        {{ movement_amount(
            'new',
            'classified.movement_type',
            'classified.opening_in_currency',
            'classified.closing_in_currency'
        ) }} as new_amount_in_currency,
        {{ movement_amount(
            'reactivation',
            'classified.movement_type',
            'classified.opening_in_currency',
            'classified.closing_in_currency'
        ) }} as reactivation_amount_in_currency,
        {{ movement_amount(
            'expansion',
            'classified.movement_type',
            'classified.opening_in_currency',
            'classified.closing_in_currency'
        ) }} as expansion_amount_in_currency,
        {{ movement_amount(
            'contraction',
            'classified.movement_type',
            'classified.opening_in_currency',
            'classified.closing_in_currency'
        ) }} as contraction_amount_in_currency,
        {{ movement_amount(
            'churn',
            'classified.movement_type',
            'classified.opening_in_currency',
            'classified.closing_in_currency'
        ) }} as churn_amount_in_currency,
        classified.closing_in_currency as closing_mrr_amount_in_currency,
        classified.movement_type,
        classified.arr_in_currency as arr_amount_in_currency,
        exchange_rates.exchange_rate,
        classified.opening as opening_mrr_amount,
        cast(classified.revalued_opening - classified.opening as decimal(18, 4))
            as fx_amount,
        classified.closing as closing_mrr_amount,
        months.is_complete_month
    from classified
    inner join months
        on classified.month = months.month
    left join exchange_rates
        on
            classified.month = exchange_rates.month
            and classified.currency_code = exchange_rates.currency_code
    where
        classified.opening_in_currency <> 0
        or classified.closing_in_currency <> 0

)

select * from final
