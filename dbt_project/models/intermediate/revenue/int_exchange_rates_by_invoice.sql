-- Grain: one row per billed invoice: the rate that its revenue keeps, as whole numbers:
-- minor units of the reporting currency are minor units of the invoice times
-- rate_numerator / rate_denominator; NULL where no rate is known.
-- The ledger's own rate of the invoice counts, else the latest of the rate table on the
-- day of billing. Definitions 5.
with

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

ledger_entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

ranked_transactions as (

    select
        invoices.invoice_id,
        ledger_entries.exchange_rate,
        row_number() over (
            partition by invoices.invoice_id
            order by
                case
                    when ledger_entries.transaction_type = 'CustInvc' then 0
                    else 1
                end,
                ledger_entries.transaction_date,
                ledger_entries.transaction_id
        ) as rank_number
    from ledger_entries
    inner join invoices
        on
            ledger_entries.external_id = invoices.invoice_id
            -- An entry in another currency has no rate of the invoice's.
            and ledger_entries.currency_code = invoices.currency_code
    where ledger_entries.exchange_rate is not null

),

days as (

    select distinct
        currency_code,
        billed_on
    from invoices

),

latest_dates as (

    select
        days.currency_code,
        days.billed_on,
        max(exchange_rates.effective_date) as effective_date
    from days
    cross join run_settings
    inner join exchange_rates
        on
            days.currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= days.billed_on
            and exchange_rates.effective_date
            >= {{ add_days(
                'days.billed_on', '-run_settings.fx_rate_max_age_days'
            ) }}
    group by days.currency_code, days.billed_on

),

rated as (

    select
        invoices.invoice_id,
        invoices.currency_code,
        invoices.minor_unit_digits,
        reporting_currencies.minor_unit_digits as reporting_minor_unit_digits,
        case
            when invoices.currency_code = run_settings.reporting_currency_code
                then cast(1 as decimal(30, 18))
            else
                coalesce(
                    cast(ranked_transactions.exchange_rate as decimal(30, 18)),
                    exchange_rates.exchange_rate
                )
        end as exchange_rate
    from invoices
    cross join run_settings
    left join currencies as reporting_currencies
        on run_settings.reporting_currency_code = reporting_currencies.currency_code
    left join ranked_transactions
        on
            invoices.invoice_id = ranked_transactions.invoice_id
            and ranked_transactions.rank_number = 1
    left join latest_dates
        on
            invoices.currency_code = latest_dates.currency_code
            and invoices.billed_on = latest_dates.billed_on
    left join exchange_rates
        on
            invoices.currency_code = exchange_rates.currency_code
            and latest_dates.effective_date = exchange_rates.effective_date

),

final as (

    select
        invoice_id,
        currency_code,
        exchange_rate,
        reporting_minor_unit_digits,
        -- A rate of 1 between currencies of the same digits is not multiplied out.
        case
            when exchange_rate = 1 and minor_unit_digits = reporting_minor_unit_digits
                then {{ exact_integer('1') }}
            else
                {{ decimal_in_quintillionths('exchange_rate') }}
                * {{ minor_units('reporting_minor_unit_digits') }}
        end as rate_numerator,
        case
            when exchange_rate = 1 and minor_unit_digits = reporting_minor_unit_digits
                then {{ exact_integer('1') }}
            else
                {{ exact_integer('1000000000000000000') }}
                * {{ minor_units('minor_unit_digits') }}
        end as rate_denominator
    from rated

)

select * from final
