-- What is left between the MRR of a renewed statement and what its lines billed is no
-- more than what rounding can leave:
-- a minor unit of the invoice (its price and the discount of its coupons, half a unit
-- each), and 0.00005 (half of MRR's last decimal) for each month of the interval, both
-- at the invoice's rate; of an interval of no whole months another 0.00005;
-- and where they are converted, half a minor unit of the reporting currency for each
-- amount that is (three a line and two a statement), and 0.00005 a month for MRR.
-- A returned row leaves more. Both sides are multiplied by the divisor of the interval.
with

renewals as (

    select * from {{ ref('int_renewals_compared_by_month') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_invoice') }}

),

described as (

    select
        renewals.subscription_item_id,
        renewals.month,
        renewals.invoice_id,
        renewals.line_count,
        renewals.interval_months,
        renewals.interval_months_divisor,
        renewals.rounding_amount,
        cast(exchange_rates.exchange_rate as decimal(25, 18)) as exchange_rate,
        exchange_rates.rate_numerator = exchange_rates.rate_denominator
            as is_reporting_currency,
        {{ minor_to_amount('1', 'invoices.minor_unit_digits') }} as minor_unit_amount,
        {{ minor_to_amount('1', 'exchange_rates.reporting_minor_unit_digits') }}
            as reporting_minor_unit_amount
    from renewals
    inner join invoices
        on renewals.invoice_id = invoices.invoice_id
    inner join exchange_rates
        on renewals.invoice_id = exchange_rates.invoice_id

),

limited as (

    select
        *,
        abs(rounding_amount) * cast(interval_months_divisor as decimal(10, 0))
            as rounding,
        exchange_rate * cast(
            minor_unit_amount * cast(interval_months_divisor as decimal(10, 0))
            + cast(0.00005 as decimal(6, 5)) * cast(interval_months as decimal(10, 0))
            as decimal(13, 5)
        ) as rounding_in_currency,
        case
            when interval_months % interval_months_divisor <> 0
                then
                    cast(0.00005 as decimal(6, 5))
                    * cast(interval_months_divisor as decimal(10, 0))
            else 0
        end as rounding_of_months,
        case
            when not is_reporting_currency
                then
                    cast(0.5 as decimal(2, 1))
                    * reporting_minor_unit_amount
                    * cast(3 * line_count + 2 as decimal(7, 0))
                    * cast(interval_months_divisor as decimal(4, 0))
                    + cast(0.00005 as decimal(6, 5))
                    * cast(interval_months as decimal(10, 0))
            else 0
        end as rounding_of_conversion
    from described

)

select
    subscription_item_id,
    month,
    invoice_id,
    line_count,
    interval_months,
    interval_months_divisor,
    rounding_amount,
    rounding,
    rounding_in_currency,
    rounding_of_months,
    rounding_of_conversion
from limited
where
    rounding is null
    or rounding > rounding_in_currency + rounding_of_months + rounding_of_conversion
