-- A rate of zero or less, or two rates of one currency and day, would value money
-- wrongly without a word.
select
    'ledger.currencyrate' as raw_table,
    currency_code as row_id,
    'exchangerate' as column_name,
    {{ ordered_list('cast(exchange_rate as string)') }} as rejected_value,
    'There must be one rate above 0 on '
    || cast(effective_date as string)
    || '.' as reason
from {{ ref('int_exchange_rates') }}
group by currency_code, effective_date
having
    count(*) > 1
    or min(coalesce(exchange_rate, 0)) <= 0
union all
select
    'ledger.transaction' as raw_table,
    ledger_transactions.transaction_id as row_id,
    'exchangerate' as column_name,
    cast(ledger_transactions.exchange_rate as string) as rejected_value,
    'The rate of invoice '
    || invoices.invoice_id
    || ' must be above 0.' as reason
from {{ ref('stg_ledger__transactions') }} as ledger_transactions
inner join {{ ref('int_invoices_billed') }} as invoices
    on ledger_transactions.external_id = invoices.invoice_id
where ledger_transactions.exchange_rate <= 0
