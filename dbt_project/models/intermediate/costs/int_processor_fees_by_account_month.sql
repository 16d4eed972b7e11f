-- Grain: one row per account and month in which the payment processor took a fee for a
-- charge, refund or dispute of it, or gave one back: the fees in minor units of the
-- reporting currency.
-- Each currency of a month is converted once, at the rate of the month, and rounded to
-- 4 decimals of the major unit; what is of no customer is left out.
with

movements as (

    select * from {{ ref('int_processor_movements') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

refunds as (

    select * from {{ ref('stg_billing__refunds') }}

),

disputes as (

    select * from {{ ref('stg_billing__disputes') }}

),

invoices as (

    select * from {{ ref('stg_billing__invoices') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

charges_by_source as (

    select
        charge_id as source_id,
        charge_id
    from charges
    union all
    select
        refund_id as source_id,
        charge_id
    from refunds
    union all
    select
        dispute_id as source_id,
        charge_id
    from disputes

),

fees as (

    select
        accounts.account_id,
        movements.month,
        movements.currency_code,
        movements.minor_unit_digits,
        sum(movements.fee_minor) as fee_minor
    from movements
    inner join run_settings
        on movements.moved_on <= run_settings.as_of_date
    inner join charges_by_source
        on movements.source_id = charges_by_source.source_id
    inner join charges
        on charges_by_source.charge_id = charges.charge_id
    left join invoices
        on charges.invoice_id = invoices.invoice_id
    inner join accounts
        on coalesce(charges.customer_id, invoices.customer_id) = accounts.customer_id
    group by
        accounts.account_id,
        movements.month,
        movements.currency_code,
        movements.minor_unit_digits
    having sum(movements.fee_minor) <> 0

),

converted as (

    select
        fees.account_id,
        fees.month,
        fees.currency_code,
        exchange_rates.exchange_rate,
        {{ convert_mrr(
            minor_to_amount('fees.fee_minor', 'fees.minor_unit_digits'),
            'exchange_rates.exchange_rate'
        ) }} * {{ minor_units('currencies.minor_unit_digits') }} as fee_reporting_minor
    from fees
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    left join exchange_rates
        on
            fees.month = exchange_rates.month
            and fees.currency_code = exchange_rates.currency_code

),

final as (

    select
        account_id,
        month,
        cast(coalesce(sum(fee_reporting_minor), 0) as decimal(38, 6))
            as fee_reporting_minor,
        min(case when exchange_rate is null then currency_code end)
            as currency_code_without_rate
    from converted
    group by account_id, month

)

select * from final
