-- Grain: one row per ledger entry and line that posts in the primary accounting book.
-- Amounts are positive where they are debits. In a foreign currency a line without an
-- amount of its own is one of the base currency only, such as an exchange difference.
with

accounting_lines as (

    select * from {{ ref('stg_ledger__transaction_accounting_lines') }}

),

transaction_lines as (

    select * from {{ ref('stg_ledger__transaction_lines') }}
    where not coalesce(is_deleted, false)

),

entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

entities as (

    select * from {{ ref('stg_ledger__entities') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

posted_lines as (

    select
        accounting_lines.transaction_id,
        accounting_lines.transaction_line_id,
        accounting_lines.account_id,
        coalesce(
            accounting_lines.amount,
            coalesce(accounting_lines.debit_amount, 0)
            - coalesce(accounting_lines.credit_amount, 0)
        ) as amount,
        run_settings.reporting_currency_code
    from accounting_lines
    cross join run_settings
    where
        accounting_lines.is_posting
        and accounting_lines.account_id is not null
        and accounting_lines.accounting_book_id in (
            '', run_settings.primary_accounting_book_id
        )

),

described as (

    select
        entries.transaction_id,
        posted_lines.transaction_line_id,
        entries.transaction_number,
        entries.transaction_type,
        entries.transaction_date,
        entries.accounting_period_id,
        entries.month,
        entries.is_adjustment,
        posted_lines.account_id,
        accounts.account_id is not null as is_account_known,
        accounts.account_number,
        accounts.account_name,
        accounts.account_role,
        accounts.revenue_stream,
        entries.currency_code,
        entries.exchange_rate,
        cast(posted_lines.amount as decimal(24, 4)) as amount,
        cast(
            coalesce(
                transaction_lines.amount_in_currency,
                case
                    when entries.currency_code = posted_lines.reporting_currency_code
                        then posted_lines.amount
                end,
                0
            ) as decimal(24, 4)
        ) as amount_in_currency,
        entries.entity_id,
        transaction_lines.entity_id as line_entity_id,
        coalesce(entities.external_id, entries.customer_id) as customer_id,
        entries.document_id,
        transaction_lines.department_id,
        transaction_lines.location_id,
        transaction_lines.class_id,
        coalesce(transaction_lines.memo, entries.memo) as memo
    from posted_lines
    inner join entries
        on posted_lines.transaction_id = entries.transaction_id
    left join transaction_lines
        on
            posted_lines.transaction_id = transaction_lines.transaction_id
            and posted_lines.transaction_line_id
            = transaction_lines.transaction_line_id
    left join entities
        on transaction_lines.entity_id = entities.entity_id
    left join accounts
        on posted_lines.account_id = accounts.account_id
    -- Budgets, orders and head counts are no money of the ledger.
    where
        coalesce(lower(accounts.account_type), '') not in (
            'nonposting', 'non posting', 'stat', 'statistical'
        )

),

final as (

    select
        *,
        max(case when account_role = 'retained_earnings' then 1 else 0 end) over (
            partition by transaction_id
        ) = 1 as is_closing_entry,
        max(case when account_role = 'cash' then 1 else 0 end) over (
            partition by transaction_id
        ) = 1 as touches_cash,
        max(case when account_role = 'clearing' then 1 else 0 end) over (
            partition by transaction_id
        ) = 1 as touches_clearing
    from described

)

select * from final
