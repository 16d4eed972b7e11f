-- A charge counts in the month in which it began and in the reporting currency.
select
    'ledger.cloud_cost' as raw_table,
    coalesce(invoice_id, 'no invoice') as row_id,
    'ChargePeriodStart' as column_name,
    'NULL' as rejected_value,
    'Expected the start of the charge: '
    || cast(count(*) as string)
    || ' rows have none.' as reason
from {{ ref('stg_ledger__cloud_costs') }}
where charge_period_start_at is null
group by coalesce(invoice_id, 'no invoice')
union all
select
    'ledger.cloud_cost' as raw_table,
    invoice_id || ', ' || cast(month as string) as row_id,
    'BillingCurrency' as column_name,
    currency_code as rejected_value,
    'Expected a rate of this currency for the month in ledger.currencyrate, not older'
    || ' than policy fx_rate_max_age_days.' as reason
from {{ ref('int_cloud_costs_by_invoice_month') }}
where
    effective_cost is null
    or billed_cost is null
group by invoice_id, month, currency_code
