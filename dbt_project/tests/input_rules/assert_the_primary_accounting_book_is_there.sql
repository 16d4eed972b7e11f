-- A ledger of which nothing is posted to the book that is read would look like none.
with

accounting_lines as (

    select * from {{ ref('stg_ledger__transaction_accounting_lines') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

books as (

    select
        run_settings.primary_accounting_book_id,
        max(
            case
                when
                    accounting_lines.accounting_book_id in (
                        '', run_settings.primary_accounting_book_id
                    )
                    then 1
                else 0
            end
        ) as has_primary_book,
        min(accounting_lines.accounting_book_id) as some_book_id
    from accounting_lines
    cross join run_settings
    group by run_settings.primary_accounting_book_id

)

select
    'policy.metric_policies' as raw_table,
    'primary_accounting_book' as row_id,
    'policy_value' as column_name,
    coalesce(primary_accounting_book_id, 'NULL') as rejected_value,
    'No line of ledger.transactionaccountingline is of this book; there is '
    || some_book_id
    || '.' as reason
from books
where has_primary_book = 0
