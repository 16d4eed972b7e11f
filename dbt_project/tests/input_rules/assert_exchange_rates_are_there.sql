-- Money in a currency without a rate young enough cannot be valued. A rate is needed
-- where an item closes a month, in the month after, in which its opening is revalued,
-- in the month a year later, for which it is the base of retention, where its MRR
-- changes, where an account has usage or commitments, and where costs are shared by the
-- fees that the payment processor took; and on the day on which an invoice was billed,
-- where the ledger has no rate of its own for it.
with

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

changes as (

    select
        currency_code,
        {{ month_of('event_date') }} as month
    from {{ ref('int_item_mrr_changes') }}

),

commitments as (

    select * from {{ ref('int_committed_mrr_by_account_month') }}

),

usage as (

    select * from {{ ref('int_usage_mrr_by_account_month') }}

),

processor_fees as (

    select * from {{ ref('int_processor_fees_by_account_month') }}

),

months_with_costs as (

    select distinct month from {{ ref('int_operating_costs_by_month') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

invoice_rates as (

    select * from {{ ref('int_exchange_rates_by_invoice') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

missing as (

    select
        currency_code,
        month
    from item_months
    where mrr_amount is null
    union
    select
        item_months.currency_code,
        months.month
    from item_months
    inner join months
        on item_months.next_month = months.month
    where item_months.revalued_mrr_amount is null
    union
    select
        item_months.currency_code,
        months.month
    from item_months
    inner join months
        on {{ add_months('item_months.month', 12) }} = months.month
    where item_months.revalued_in_a_year_mrr_amount is null
    union
    select
        changes.currency_code,
        changes.month
    from changes
    left join exchange_rates
        on
            changes.month = exchange_rates.month
            and changes.currency_code = exchange_rates.currency_code
    where exchange_rates.month is null
    union
    select
        currency_code_without_rate as currency_code,
        month
    from commitments
    where currency_code_without_rate is not null
    union
    select
        currency_code_without_rate as currency_code,
        month
    from usage
    where currency_code_without_rate is not null
    union
    select
        processor_fees.currency_code_without_rate as currency_code,
        processor_fees.month
    from processor_fees
    inner join months_with_costs
        on processor_fees.month = months_with_costs.month
    where processor_fees.currency_code_without_rate is not null

),

missing_by_month as (

    select
        missing.currency_code,
        months.rate_date,
        '.' as needed_by
    from missing
    inner join months
        on missing.month = months.month

),

missing_by_invoice as (

    select
        invoices.currency_code,
        invoices.billed_on as rate_date,
        ', and the ledger has none of its own, for invoice '
        || min(invoices.invoice_id)
        || case
            when count(*) > 1
                then ' and ' || cast(count(*) - 1 as string) || ' more of that day'
            else ''
        end
        || '.' as needed_by
    from invoices
    inner join invoice_rates
        on invoices.invoice_id = invoice_rates.invoice_id
    where invoice_rates.exchange_rate is null
    group by invoices.currency_code, invoices.billed_on

),

findings as (

    select * from missing_by_month
    union all
    select * from missing_by_invoice

)

select
    'ledger.currencyrate' as raw_table,
    findings.currency_code as row_id,
    'effectivedate' as column_name,
    cast(findings.rate_date as string) as rejected_value,
    'No rate of '
    || findings.currency_code
    || ' against '
    || run_settings.reporting_currency_code
    || ' on '
    || cast(findings.rate_date as string)
    || ' or at most '
    || cast(run_settings.fx_rate_max_age_days as string)
    || ' days before'
    || findings.needed_by as reason
from findings
cross join run_settings
