-- Grain: one row per subscription item, valid_from and coupon scope: what the item is
-- worth over [valid_from, valid_to), in its currency, before discounts (gross) and
-- after the percentages taken off it. Each is rounded once. Definitions 1.2 and 1.4.
-- Only what has coupons has other scopes than `recurring`, the one of MRR.
-- Amounts off an invoice follow in int_item_amounts_off.
with

intervals as (

    select * from {{ ref('int_item_service_intervals') }}

),

valued_quantities as (

    select * from {{ ref('int_price_quantities_valued') }}

),

statement_discounts as (

    select * from {{ ref('int_statement_discounts') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

discounted as (

    select
        intervals.subscription_item_id,
        intervals.subscription_id,
        accounts.account_id,
        intervals.price_id,
        intervals.currency_code,
        intervals.quantity,
        intervals.statement_start_at,
        intervals.invoice_id,
        intervals.invoice_line_item_id,
        intervals.valid_from,
        intervals.valid_to,
        valued_quantities.price_scaled,
        valued_quantities.annual_numerator,
        valued_quantities.annual_denominator,
        valued_quantities.mrr_amount_in_currency as gross_mrr_amount_in_currency,
        valued_quantities.arr_amount_in_currency as gross_arr_amount_in_currency,
        coalesce(statement_discounts.coupon_scope, 'recurring') as coupon_scope,
        coalesce(statement_discounts.has_amount, false) as has_amount_off,
        statement_discounts.kept_trillionths
    from intervals
    inner join accounts
        on intervals.customer_id = accounts.customer_id
    inner join valued_quantities
        on
            intervals.price_id = valued_quantities.price_id
            and intervals.billable_quantity = valued_quantities.billable_quantity
    left join statement_discounts
        on
            intervals.subscription_item_id = statement_discounts.subscription_item_id
            and intervals.statement_start_at = statement_discounts.period_start_at

),

final as (

    select
        subscription_item_id,
        subscription_id,
        account_id,
        price_id,
        currency_code,
        quantity,
        statement_start_at,
        invoice_id,
        valid_from,
        valid_to,
        price_scaled,
        coupon_scope,
        has_amount_off,
        gross_mrr_amount_in_currency,
        gross_arr_amount_in_currency,
        case
            when kept_trillionths is null then gross_mrr_amount_in_currency
            else {{ round_share_of_quotient_to_mrr(
                'annual_numerator', '(annual_denominator * 12)', 'kept_trillionths'
            ) }}
        end as mrr_amount_in_currency,
        case
            when kept_trillionths is null then gross_arr_amount_in_currency
            else {{ round_share_of_quotient_to_mrr(
                'annual_numerator', 'annual_denominator', 'kept_trillionths'
            ) }}
        end as arr_amount_in_currency
    from discounted

)

select * from final
