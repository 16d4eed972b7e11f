-- Amounts of the ledger are taken as amounts of the reporting currency. In a ledger of
-- another base currency, entries in the reporting currency have a rate that is not 1;
-- in a subsidiary of another one, entries in that currency have the rate 1, although
-- the rate table says something else.
with

entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies_worth_something_else as (

    select currency_code
    from exchange_rates
    group by currency_code
    having
        min(exchange_rate) > 1
        or max(exchange_rate) < 1

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
union all
select
    'ledger.transaction' as raw_table,
    min(entries.transaction_id) as row_id,
    'exchangerate' as column_name,
    '1' as rejected_value,
    'Expected the worth of '
    || entries.currency_code
    || ', which ledger.currencyrate does not say is 1: '
    || cast(count(*) as string)
    || ' entries have this rate. They may be of a subsidiary that is kept in '
    || entries.currency_code
    || ': export its amounts in the reporting currency, or leave it out.' as reason
from entries
inner join currencies_worth_something_else
    on entries.currency_code = currencies_worth_something_else.currency_code
where entries.exchange_rate = 1
group by entries.currency_code
