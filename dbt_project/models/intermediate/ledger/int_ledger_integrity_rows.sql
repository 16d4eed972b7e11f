-- Grain: one row per control of the ledger in itself, period, currency, side and label.
-- Debits and credits are compared in money. Of an entry the expected side is the larger
-- of the two and the actual side the smaller, so that two entries that are off never
-- make up for each other. Everything else is counted: expected is what was looked at,
-- actual what is as it should be, and each finding a row that says what it is.
with

accounting_lines as (

    select * from {{ ref('stg_ledger__transaction_accounting_lines') }}

),

transaction_lines as (

    select * from {{ ref('stg_ledger__transaction_lines') }}
    where not coalesce(is_deleted, false)

),

transactions as (

    select * from {{ ref('stg_ledger__transactions') }}

),

accounting_periods as (

    select * from {{ ref('stg_ledger__accounting_periods') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_described') }}

),

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

entry_totals as (

    select * from {{ ref('int_ledger_entries_totalled') }}

),

trial_balances as (

    select * from {{ ref('int_trial_balances_by_account_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

-- What has no month of its own is shown in the newest month that is over.
undated as (

    select
        run_settings.reporting_currency_code,
        run_settings.as_of_date,
        coalesce(
            max(case when months.is_complete_month then months.month end),
            {{ month_of('run_settings.as_of_date') }}
        ) as period
    from run_settings
    left join months
        on months.month <= run_settings.as_of_date
    group by run_settings.reporting_currency_code, run_settings.as_of_date

),

balances_of_entries as (

    select
        'ledger_entries_balance' as control,
        entry_totals.month as period,
        run_settings.reporting_currency_code as currency_code,
        entry_totals.transaction_id,
        entry_totals.document_id,
        greatest(entry_totals.debit_amount, entry_totals.credit_amount)
            as expected_amount,
        least(entry_totals.debit_amount, entry_totals.credit_amount) as actual_amount
    from entry_totals
    cross join run_settings
    union all
    select
        'ledger_entries_balance_in_currency' as control,
        month as period,
        currency_code,
        transaction_id,
        document_id,
        greatest(debit_amount_in_currency, credit_amount_in_currency)
            as expected_amount,
        least(debit_amount_in_currency, credit_amount_in_currency) as actual_amount
    from entry_totals
    union all
    select
        'trial_balance_of_period' as control,
        entry_totals.month as period,
        run_settings.reporting_currency_code as currency_code,
        entry_totals.transaction_id,
        entry_totals.document_id,
        entry_totals.credit_amount as expected_amount,
        entry_totals.debit_amount as actual_amount
    from entry_totals
    cross join run_settings

),

balances_in_total as (

    select
        'trial_balance_in_total' as control,
        trial_balances.month as period,
        run_settings.reporting_currency_code as currency_code,
        sum(
            case
                when trial_balances.closing_balance_amount < 0
                    then -trial_balances.closing_balance_amount
                else 0
            end
        ) as expected_amount,
        sum(
            case
                when trial_balances.closing_balance_amount > 0
                    then trial_balances.closing_balance_amount
                else 0
            end
        ) as actual_amount
    from trial_balances
    cross join run_settings
    group by trial_balances.month, run_settings.reporting_currency_code

),

primary_book_lines as (

    select accounting_lines.*
    from accounting_lines
    cross join run_settings
    where
        accounting_lines.accounting_book_id in (
            '', run_settings.primary_accounting_book_id
        )

),

entries_in_books as (

    select
        accounting_lines.transaction_id,
        max(
            case
                when
                    accounting_lines.accounting_book_id in (
                        '', run_settings.primary_accounting_book_id
                    )
                    then 1
                else 0
            end
        ) = 1 as is_in_primary_book
    from accounting_lines
    cross join run_settings
    group by accounting_lines.transaction_id

),

entries_with_lines as (

    select distinct transaction_id from transaction_lines

),

-- Each posting against its entry and its line. Entries that do not post, or post after
-- the as-of, are not looked at.
postings_checked as (

    select
        'ledger_lines_are_posted_whole' as control,
        coalesce(entries.month, undated.period) as period,
        primary_book_lines.transaction_id as match_key,
        entries.document_id,
        'ledger.transactionaccountingline '
        || primary_book_lines.transaction_id
        || '/'
        || primary_book_lines.transaction_line_id as row_label,
        case
            when transactions.transaction_id is null
                then 'its entry is not in ledger.transaction'
            when transaction_lines.transaction_id is null
                then 'its line is not in ledger.transactionline'
            when primary_book_lines.account_id is null
                then 'it has an amount and no account'
            when
                primary_book_lines.amount <> (
                    coalesce(primary_book_lines.debit_amount, 0)
                    - coalesce(primary_book_lines.credit_amount, 0)
                )
                and coalesce(
                    primary_book_lines.debit_amount, primary_book_lines.credit_amount
                ) is not null
                then 'its amount is not its debit less its credit'
            when
                primary_book_lines.amount
                <> cast(primary_book_lines.amount as decimal(24, 4))
                or primary_book_lines.debit_amount
                <> cast(primary_book_lines.debit_amount as decimal(24, 4))
                or primary_book_lines.credit_amount
                <> cast(primary_book_lines.credit_amount as decimal(24, 4))
                or transaction_lines.amount_in_currency
                <> cast(transaction_lines.amount_in_currency as decimal(24, 4))
                then 'an amount has more than 4 decimals'
        end as finding
    from primary_book_lines
    cross join undated
    left join transactions
        on primary_book_lines.transaction_id = transactions.transaction_id
    left join entries
        on primary_book_lines.transaction_id = entries.transaction_id
    left join transaction_lines
        on
            primary_book_lines.transaction_id = transaction_lines.transaction_id
            and primary_book_lines.transaction_line_id
            = transaction_lines.transaction_line_id
    where
        primary_book_lines.is_posting
        and (transactions.transaction_id is null or entries.transaction_id is not null)
        -- NetSuite has such a line for everything that posts nothing, too.
        and (
            primary_book_lines.account_id is not null
            or primary_book_lines.amount <> 0
            or primary_book_lines.debit_amount <> 0
            or primary_book_lines.credit_amount <> 0
        )

),

-- The other half: lines with an amount that post to no account. An entry that posts to
-- other books only is none of this one.
lines_checked as (

    select
        'ledger_lines_are_posted_whole' as control,
        entries.month as period,
        transaction_lines.transaction_id as match_key,
        entries.document_id,
        'ledger.transactionline '
        || transaction_lines.transaction_id
        || '/'
        || transaction_lines.transaction_line_id as row_label,
        'it has an amount and posts to no account' as finding
    from transaction_lines
    inner join entries
        on transaction_lines.transaction_id = entries.transaction_id
    left join entries_in_books
        on transaction_lines.transaction_id = entries_in_books.transaction_id
    left join primary_book_lines
        on
            transaction_lines.transaction_id = primary_book_lines.transaction_id
            and transaction_lines.transaction_line_id
            = primary_book_lines.transaction_line_id
    where
        transaction_lines.amount_in_currency <> 0
        and primary_book_lines.transaction_id is null
        and coalesce(entries_in_books.is_in_primary_book, true)

),

orphans_checked as (

    select
        'ledger_lines_are_posted_whole' as control,
        undated.period,
        transaction_lines.transaction_id as match_key,
        cast(null as string) as document_id,
        'ledger.transactionline '
        || transaction_lines.transaction_id
        || '/'
        || transaction_lines.transaction_line_id as row_label,
        'its entry is not in ledger.transaction' as finding
    from transaction_lines
    cross join undated
    left join transactions
        on transaction_lines.transaction_id = transactions.transaction_id
    left join entries_in_books
        on transaction_lines.transaction_id = entries_in_books.transaction_id
    where
        transactions.transaction_id is null
        and entries_in_books.transaction_id is null

),

empty_entries_checked as (

    select
        'ledger_lines_are_posted_whole' as control,
        entries.month as period,
        entries.transaction_id as match_key,
        entries.document_id,
        'ledger.transaction ' || entries.transaction_id as row_label,
        'it posts and has no lines' as finding
    from entries
    left join entries_with_lines
        on entries.transaction_id = entries_with_lines.transaction_id
    left join entries_in_books
        on entries.transaction_id = entries_in_books.transaction_id
    where
        entries_with_lines.transaction_id is null
        and entries_in_books.transaction_id is null

),

accounts_checked as (

    select
        'ledger_accounts_are_known' as control,
        month as period,
        transaction_id as match_key,
        document_id,
        'ledger.transactionaccountingline '
        || transaction_id
        || '/'
        || transaction_line_id as row_label,
        case
            when not is_account_known
                then 'account ' || account_id || ' is not in ledger.account'
        end as finding
    from lines

),

entries_with_periods as (

    select
        entries.*,
        coalesce(
            accounting_periods.is_quarter or accounting_periods.is_year, false
        ) as is_quarter_or_year
    from entries
    left join accounting_periods
        on entries.accounting_period_id = accounting_periods.accounting_period_id

),

periods_checked as (

    select
        'ledger_periods_are_known' as control,
        month as period,
        transaction_id as match_key,
        document_id,
        'ledger.transaction ' || transaction_id as row_label,
        case
            when not is_period_known
                then
                    coalesce(
                        'period '
                        || accounting_period_id
                        || ' is not in ledger.accountingperiod',
                        'it has no posting period'
                    )
            when is_quarter_or_year
                then 'period ' || accounting_period_id || ' is a quarter or a year'
        end as finding
    from entries_with_periods

),

postings_in_period_checked as (

    select
        'ledger_postings_in_their_period' as control,
        month as period,
        transaction_id as match_key,
        document_id,
        'ledger.transaction ' || transaction_id as row_label,
        case
            when not is_in_period
                then
                    'its day '
                    || cast(transaction_date as string)
                    || ' is not in period '
                    || accounting_period_id
        end as finding
    from entries_with_periods
    where
        is_period_known
        and not is_quarter_or_year

),

-- Months only: quarters and years hold months, and adjustment periods lie in them.
period_months as (

    select
        accounting_period_id,
        start_date,
        end_date,
        max(end_date) over (
            order by start_date, accounting_period_id
            rows between unbounded preceding and 1 preceding
        ) as latest_earlier_end_date
    from accounting_periods
    where
        not is_quarter
        and not is_year
        and not is_adjustment

),

overlaps_checked as (

    select
        'ledger_periods_do_not_overlap' as control,
        {{ month_of('period_months.start_date') }} as period,
        period_months.accounting_period_id as match_key,
        cast(null as string) as document_id,
        'ledger.accountingperiod ' || period_months.accounting_period_id as row_label,
        case
            when period_months.start_date <= period_months.latest_earlier_end_date
                then
                    'it begins on '
                    || cast(period_months.start_date as string)
                    || ', before an earlier one has ended'
        end as finding
    from period_months
    cross join undated
    where period_months.start_date <= undated.as_of_date

),

checked as (

    select * from postings_checked
    union all
    select * from lines_checked
    union all
    select * from orphans_checked
    union all
    select * from empty_entries_checked
    union all
    select * from accounts_checked
    union all
    select * from periods_checked
    union all
    select * from postings_in_period_checked
    union all
    select * from overlaps_checked

),

counts as (

    select
        control,
        period,
        cast(null as string) as match_key,
        cast(null as string) as document_id,
        'rows as they should be' as row_label,
        count(*) as expected_amount,
        count(*) as actual_amount
    from checked
    where finding is null
    group by control, period
    union all
    select
        control,
        period,
        match_key,
        document_id,
        row_label || ': ' || finding as row_label,
        1 as expected_amount,
        0 as actual_amount
    from checked
    where finding is not null

),

compared as (

    select
        control,
        period,
        currency_code,
        transaction_id as match_key,
        document_id,
        'ledger.transaction ' || transaction_id as row_label,
        expected_amount,
        actual_amount
    from balances_of_entries
    union all
    select
        control,
        period,
        currency_code,
        cast(null as string) as match_key,
        cast(null as string) as document_id,
        'balances of all accounts' as row_label,
        expected_amount,
        actual_amount
    from balances_in_total
    union all
    select
        counts.control,
        counts.period,
        undated.reporting_currency_code as currency_code,
        counts.match_key,
        counts.document_id,
        counts.row_label,
        counts.expected_amount,
        counts.actual_amount
    from counts
    cross join undated

),

final as (

    select
        control,
        period,
        'all' as dimension,
        currency_code,
        'expected' as side,
        match_key,
        document_id,
        row_label,
        cast(expected_amount as decimal(24, 4)) as amount
    from compared
    union all
    select
        control,
        period,
        'all' as dimension,
        currency_code,
        'actual' as side,
        match_key,
        document_id,
        row_label,
        cast(actual_amount as decimal(24, 4)) as amount
    from compared

)

select * from final
