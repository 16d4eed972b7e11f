-- An entry whose currency is neither a code nor an id of the ledger's own table cannot
-- be compared with anything.
with

entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

)

select
    'ledger.transaction' as raw_table,
    min(entries.transaction_id) as row_id,
    'currency' as column_name,
    entries.currency_code as rejected_value,
    'Expected an id of ledger.currency or ISO 4217; '
    || cast(count(*) as string)
    || ' entries have this currency.' as reason
from entries
left join currencies
    on entries.currency_code = currencies.currency_code
where currencies.currency_code is null
group by entries.currency_code
