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
