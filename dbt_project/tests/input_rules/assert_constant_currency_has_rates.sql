-- The constant-currency series needs a rate on the first day of the current fiscal
-- year. Without one it stays empty, which is said here; nothing else depends on it.
with

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

missing as (

    select distinct currency_code
    from item_months
    where constant_currency_mrr_amount is null

)

select
    'ledger.currencyrate' as raw_table,
    missing.currency_code as row_id,
    'effectivedate' as column_name,
    cast(run_settings.fiscal_year_start_date as string) as rejected_value,
    'No rate of '
    || missing.currency_code
    || ' on the first day of the fiscal year or at most '
    || cast(run_settings.fx_rate_max_age_days as string)
    || ' days before: constant_currency_mrr_amount is NULL.' as reason
from missing
cross join run_settings
