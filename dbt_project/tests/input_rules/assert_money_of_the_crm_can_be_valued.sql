-- Deals and spend in a currency without a rate young enough cannot be valued.
with

deals as (

    select * from {{ ref('int_deals_by_month') }}

),

months as (

    select * from {{ ref('int_pipeline_months') }}

),

spends as (

    select * from {{ ref('int_marketing_spend_by_channel_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

findings as (

    select
        months.crm_currency_code as currency_code,
        months.month,
        ' for deals of the month, the first of them crm.deal '
        || min(deals.deal_id)
        || '.' as needed_by
    from deals
    inner join months
        on deals.month = months.month
    where
        deals.amount_in_currency is not null
        and months.exchange_rate is null
    group by months.crm_currency_code, months.month
    union all
    select
        currency_code,
        month,
        ' for crm.marketing_spend of the month.' as needed_by
    from spends
    where amount is null
    group by currency_code, month

)

select
    'ledger.currencyrate' as raw_table,
    findings.currency_code as row_id,
    'effectivedate' as column_name,
    cast(findings.month as string) as rejected_value,
    'No rate of '
    || findings.currency_code
    || ' against '
    || run_settings.reporting_currency_code
    || ' at the end of the month or at most '
    || cast(run_settings.fx_rate_max_age_days as string)
    || ' days before'
    || findings.needed_by as reason
from findings
cross join run_settings
