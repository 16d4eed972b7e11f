-- Amounts of the ledger are taken as amounts of the reporting currency. In a ledger of
-- another base currency, entries in the reporting currency have a rate that is not 1.
with

entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

)

select
    'ledger.transaction' as raw_table,
    min(entries.transaction_id) as row_id,
    'exchangerate' as column_name,
    cast(min(entries.exchange_rate) as string) as rejected_value,
    'Expected 1: '
    || cast(count(*) as string)
    || ' entries in the reporting currency '
    || entries.currency_code
    || ' have another rate. Choose the base currency of the ledger as'
    || ' reporting_currency.' as reason
from entries
inner join run_settings
    on entries.currency_code = run_settings.reporting_currency_code
where entries.exchange_rate <> 1
group by entries.currency_code
