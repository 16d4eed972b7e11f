-- Grain: one row per subscription item and month at whose close it is in service from a
-- statement that was billed in the month and is no proration: what leads from its MRR
-- to what its lines billed, in the reporting currency at the invoice's own rate.
-- MRR + prepayment - short period - free service + billed other than priced
-- + coupon spread + rounding = billed + discounts once + unitemised discounts.
-- Every item has its own formula; rounding is what they leave, and a test bounds it.
with

billed_lines as (

    select * from {{ ref('int_billed_lines_by_month') }}

),

item_months as (

    select * from {{ ref('int_item_months_by_billing') }}

),

months as (

    select * from {{ ref('int_months') }}

),

service as (

    select * from {{ ref('int_item_service_intervals') }}

),

valued_quantities as (

    select * from {{ ref('int_price_quantities_valued') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_invoice') }}

),

renewals as (

    select
        subscription_item_id,
        month,
        statement_start_at,
        invoice_id,
        reporting_minor_unit_digits,
        count(*) as line_count,
        {{ exact_integer('sum(amount_minor)') }} as amount_minor,
        {{ exact_integer('sum(recurring_discount_minor)') }}
            as recurring_discount_minor,
        sum(billed_reporting_minor) as billed_reporting_minor,
        sum(discount_once_reporting_minor) as discount_once_reporting_minor,
        sum(unitemised_discount_reporting_minor) as unitemised_discount_reporting_minor
    from billed_lines
    where billing_class = 'renewal'
    group by
        subscription_item_id,
        month,
        statement_start_at,
        invoice_id,
        reporting_minor_unit_digits

),

-- A price of 0 has no MRR.
priced as (

    select
        renewals.*,
        {{ round_quotient(
            'valued_quantities.price_scaled', exact_integer('1000000000000')
        ) }} as priced_minor,
        {{ exact_integer('prices.billing_interval_count') }} * 12 as interval_months,
        {{ exact_integer('billing_intervals.intervals_per_year') }}
            as interval_months_divisor,
        {{ minor_units('prices.minor_unit_digits') }} as minor_units,
        {{ exact_integer(
            '('
            ~ 'coalesce(item_months.gross_mrr_amount_in_currency, 0) '
            ~ '- coalesce(item_months.mrr_amount_in_currency, 0)'
            ~ ') * 10000'
        ) }} as mrr_discount_ten_thousandths,
        cast(
            coalesce(item_months.mrr_amount_at_invoice_rate, 0) as decimal(18, 4)
        ) as mrr_amount,
        exchange_rates.rate_numerator,
        exchange_rates.rate_denominator
    from renewals
    inner join months
        on renewals.month = months.month
    inner join service
        on
            renewals.subscription_item_id = service.subscription_item_id
            and renewals.statement_start_at = service.statement_start_at
            and service.valid_from < months.month_end_at
            and months.month_end_at <= service.valid_to
    inner join valued_quantities
        on
            service.price_id = valued_quantities.price_id
            and service.billable_quantity = valued_quantities.billable_quantity
    inner join prices
        on service.price_id = prices.price_id
    inner join billing_intervals
        on prices.billing_interval = billing_intervals.billing_interval
    inner join exchange_rates
        on renewals.invoice_id = exchange_rates.invoice_id
    left join item_months
        on
            renewals.subscription_item_id = item_months.subscription_item_id
            and renewals.month = item_months.month
            and renewals.statement_start_at = item_months.statement_start_at
            and renewals.invoice_id = item_months.invoice_id
            and item_months.billing_class = 'renewal'

),

compared as (

    select
        *,
        amount_minor = 0 and priced_minor <> 0 as is_free,
        -- MRR of the months of an interval beyond the first; of less than a month
        -- below 0. Whole months are exact.
        {{ round_quotient_to_mrr(
            exact_integer('mrr_amount * 10000')
            ~ ' * (interval_months - interval_months_divisor)',
            exact_integer('10000') ~ ' * interval_months_divisor'
        ) }} as further_months_amount,
        {{ round_quotient(
            'mrr_discount_ten_thousandths * interval_months * minor_units',
            '(' ~ exact_integer('10000') ~ ' * interval_months_divisor)'
        ) }} as mrr_discount_minor
    from priced

),

-- What nothing was billed for is free as it stands in MRR: neither a price nor coupons
-- are compared.
separated as (

    select
        *,
        case when is_free then 0 else amount_minor - priced_minor end
            as other_than_priced_minor,
        case when is_free then 0 else mrr_discount_minor end - recurring_discount_minor
            as coupon_spread_minor
    from compared

),

converted as (

    select
        *,
        case
            when not is_free and further_months_amount > 0 then further_months_amount
            else 0
        end as prepayment_amount,
        case
            when not is_free and further_months_amount < 0 then -further_months_amount
            else 0
        end as short_period_amount,
        case when is_free then mrr_amount else 0 end as free_service_amount,
        {{ minor_to_amount(
            round_quotient(
                exact_integer('other_than_priced_minor') ~ ' * rate_numerator',
                'rate_denominator'
            ),
            'reporting_minor_unit_digits'
        ) }} as billed_other_than_priced_amount,
        {{ minor_to_amount(
            round_quotient(
                exact_integer('coupon_spread_minor') ~ ' * rate_numerator',
                'rate_denominator'
            ),
            'reporting_minor_unit_digits'
        ) }} as coupon_spread_amount,
        {{ minor_to_amount(
            'discount_once_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as discount_once_amount,
        {{ minor_to_amount(
            'unitemised_discount_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as unitemised_discount_amount,
        {{ minor_to_amount('billed_reporting_minor', 'reporting_minor_unit_digits') }}
            as billed_amount
    from separated

),

final as (

    select
        subscription_item_id,
        month,
        statement_start_at,
        invoice_id,
        line_count,
        interval_months,
        interval_months_divisor,
        mrr_amount,
        prepayment_amount,
        short_period_amount,
        free_service_amount,
        billed_other_than_priced_amount,
        coupon_spread_amount,
        cast(
            billed_amount
            + discount_once_amount
            + unitemised_discount_amount
            - mrr_amount
            - prepayment_amount
            + short_period_amount
            + free_service_amount
            - billed_other_than_priced_amount
            - coupon_spread_amount as decimal(24, 4)
        ) as rounding_amount,
        discount_once_amount,
        unitemised_discount_amount,
        billed_amount
    from converted

)

select * from final
