-- Grain: one row per ledger table and use: what became of its rows, the rows that count
-- with what they are, the others with why not. Tables of people, assets and the cloud
-- are in int_cost_rows_by_use.
{%- set read_only_tables = [
    ['account', 'accounts'], ['accountingperiod', 'accounting_periods'],
    ['classification', 'classes'], ['currency', 'currencies'],
    ['currencyrate', 'exchange_rates'], ['department', 'departments'],
    ['entity', 'entities'], ['location', 'locations'], ['vendor', 'vendors']
] %}
{%- set unused_tables = [['subsidiary', 'subsidiaries']] %}
with

ledger_lines as (

    select * from {{ ref('int_ledger_lines') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

accounts as (

    select * from {{ ref('stg_ledger__accounts') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

posted_entries as (

    select distinct transaction_id from ledger_lines

),

transactions as (

    select
        'transaction' as table_name,
        case
            when posted_entries.transaction_id is not null then 'posted entry'
            when headers.is_deleted then 'deleted'
            when not headers.is_posting then 'does not post'
            when entries.transaction_id is null then 'after the as-of'
            else 'no line posts in the primary book'
        end as row_use
    from {{ ref('stg_ledger__transactions') }} as headers
    left join entries
        on headers.transaction_id = entries.transaction_id
    left join posted_entries
        on headers.transaction_id = posted_entries.transaction_id

),

transaction_lines as (

    select
        'transactionline' as table_name,
        case
            when lines.is_deleted then 'deleted'
            when ledger_lines.transaction_id is not null then 'posted line'
            when headers.transaction_id is null
                then 'of an entry that is not in the export'
            when headers.is_deleted then 'of an entry that is deleted'
            when not headers.is_posting then 'of an entry that does not post'
            when entries.transaction_id is null then 'of an entry after the as-of'
            else 'does not post in the primary book'
        end as row_use
    from {{ ref('stg_ledger__transaction_lines') }} as lines
    left join ledger_lines
        on
            lines.transaction_id = ledger_lines.transaction_id
            and lines.transaction_line_id = ledger_lines.transaction_line_id
    left join {{ ref('stg_ledger__transactions') }} as headers
        on lines.transaction_id = headers.transaction_id
    left join entries
        on lines.transaction_id = entries.transaction_id

),

accounting_lines as (

    select
        'transactionaccountingline' as table_name,
        case
            when
                lines.accounting_book_id not in (
                    '', run_settings.primary_accounting_book_id
                )
                then 'in another accounting book'
            when lines.is_deleted then 'deleted'
            when not lines.is_posting then 'does not post'
            when headers.transaction_id is null
                then 'of an entry that is not in the export'
            when headers.is_deleted then 'of an entry that is deleted'
            when not headers.is_posting then 'of an entry that does not post'
            when entries.transaction_id is null then 'of an entry after the as-of'
            when lines.account_id is null then 'on no account'
            when
                lower(accounts.account_type) in (
                    'nonposting', 'non posting', 'stat', 'statistical'
                )
                then 'on an account without money'
            when ledger_lines.transaction_id is not null then 'posted line'
        end as row_use
    from {{ ref('stg_ledger__transaction_accounting_lines') }} as lines
    cross join run_settings
    left join {{ ref('stg_ledger__transactions') }} as headers
        on lines.transaction_id = headers.transaction_id
    left join entries
        on lines.transaction_id = entries.transaction_id
    left join accounts
        on lines.account_id = accounts.account_id
    left join ledger_lines
        on
            lines.transaction_id = ledger_lines.transaction_id
            and lines.transaction_line_id = ledger_lines.transaction_line_id

),

described as (

    select * from transactions
    union all
    select * from transaction_lines
    union all
    select * from accounting_lines
    {%- for table, entities in read_only_tables %}
    union all
    select
        '{{ table }}' as table_name,
        'read' as row_use
    from {{ ref('stg_ledger__' ~ entities) }}
    {%- endfor %}
    {%- for table, entities in unused_tables %}
    union all
    select
        '{{ table }}' as table_name,
        'no model uses it yet' as row_use
    from {{ ref('stg_ledger__' ~ entities) }}
    {%- endfor %}

),

final as (

    select
        table_name,
        coalesce(row_use, 'nothing says') as row_use,
        count(*) as row_count
    from described
    group by table_name, coalesce(row_use, 'nothing says')

)

select * from final
