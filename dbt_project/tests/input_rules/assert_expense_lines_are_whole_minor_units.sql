-- Costs are split to the minor unit; a line that is finer could not be split into parts
-- that sum to it.
select
    'ledger.transactionaccountingline' as raw_table,
    transaction_id || '/' || transaction_line_id as row_id,
    'amount' as column_name,
    coalesce(cast(amount as string), 'NULL') as rejected_value,
    'Expected whole minor units of the reporting currency.' as reason
from {{ ref('int_expense_lines') }}
where
    coalesce(
        amount * {{ minor_units('minor_unit_digits') }} <> amount_minor,
        true
    )
