-- Grain: one row per billed invoice: the rate that its revenue keeps, as whole numbers:
-- minor units of the reporting currency are minor units of the invoice times
-- rate_numerator / rate_denominator; NULL where no rate is known.
-- The ledger's own rate of the invoice counts, else the latest of the rate table on the
-- day of billing. Definitions 5.
with

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

ledger_transactions as (

    select * from {{ ref('stg_ledger__transactions') }}

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
        external_id as invoice_id,
        exchange_rate,
        row_number() over (
            partition by external_id
            order by
                case when transaction_type = 'CustInvc' then 0 else 1 end,
                transaction_date,
                transaction_id
        ) as rank_number
    from ledger_transactions
    where
        external_id is not null
        and exchange_rate is not null
        and not coalesce(is_deleted, false)

),

latest_dates as (

    select
        invoices.invoice_id,
        max(exchange_rates.effective_date) as effective_date
    from invoices
    cross join run_settings
    inner join exchange_rates
        on
            invoices.currency_code = exchange_rates.currency_code
            and exchange_rates.effective_date <= invoices.billed_on
            and exchange_rates.effective_date
            >= {{ add_days(
                'invoices.billed_on', '-run_settings.fx_rate_max_age_days'
            ) }}
    group by invoices.invoice_id

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
        on invoices.invoice_id = latest_dates.invoice_id
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
