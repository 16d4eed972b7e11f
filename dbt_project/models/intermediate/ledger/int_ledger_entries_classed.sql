-- Grain: one row per posted ledger entry: whether it is of a kind that no document of
-- billing stands behind.
-- A closing moves the result of the year to retained earnings: it has no other lines
-- than these, and takes at least half of the accounts of the types that it touches,
-- each against its balance of the twelve months. (All and to the cent would let one
-- wrong posting of the year undo the closing.) A remittance pays tax from cash. A
-- transfer moves money between the processor and cash. An opening is of the ledger's
-- first month and touches equity.
with

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

typed_lines as (

    select
        lines.transaction_id,
        lines.month,
        lines.account_id,
        lines.account_role,
        lines.amount,
        lower(accounts.account_type) as account_type,
        coalesce(
            lower(accounts.account_type) in (
                'income', 'cogs', 'expense', 'othincome', 'othexpense',
                'cost of goods sold', 'other income', 'other expense'
            ),
            false
        ) as is_of_result
    from lines
    left join accounts
        on lines.account_id = accounts.account_id

),

entries as (

    select
        transaction_id,
        max(month) as month,
        max(case when account_role = 'retained_earnings' then 1 else 0 end)
            as touches_retained_earnings,
        min(
            case
                when account_role = 'retained_earnings' or is_of_result then 1
                else 0
            end
        ) as is_of_result_only,
        max(case when account_role = 'cash' then 1 else 0 end) as touches_cash,
        max(case when account_role = 'clearing' then 1 else 0 end)
            as touches_clearing,
        max(
            case
                when
                    account_role in (
                        'receivable', 'contract_asset', 'deferred_revenue', 'revenue',
                        'contra_revenue', 'clearing'
                    )
                    then 1
                else 0
            end
        ) as touches_sales,
        min(
            case
                when account_role in ('cash', 'clearing', 'fx', 'processor_fees') then 1
                else 0
            end
        ) as is_of_money_only,
        max(case when account_type = 'equity' then 1 else 0 end) as touches_equity
    from typed_lines
    group by transaction_id

),

first_months as (

    select min(month) as first_month from entries

),

candidates as (

    select
        transaction_id,
        month
    from entries
    where
        touches_retained_earnings = 1
        and is_of_result_only = 1

),

-- The result of the twelve months before a closing, by account.
results as (

    select
        candidates.transaction_id,
        typed_lines.account_id,
        typed_lines.account_type,
        sum(typed_lines.amount) as result_amount
    from candidates
    inner join typed_lines
        on
            candidates.month >= typed_lines.month
            and {{ add_months('candidates.month', -12) }} < typed_lines.month
    inner join entries
        on typed_lines.transaction_id = entries.transaction_id
    where
        typed_lines.is_of_result
        and entries.touches_retained_earnings = 0
    group by
        candidates.transaction_id,
        typed_lines.account_id,
        typed_lines.account_type
    having sum(typed_lines.amount) <> 0

),

closed_accounts as (

    select
        typed_lines.transaction_id,
        typed_lines.account_id,
        typed_lines.account_type,
        sum(typed_lines.amount) as closed_amount
    from typed_lines
    inner join candidates
        on typed_lines.transaction_id = candidates.transaction_id
    where typed_lines.is_of_result
    group by
        typed_lines.transaction_id,
        typed_lines.account_id,
        typed_lines.account_type

),

closed_types as (

    select distinct
        transaction_id,
        account_type
    from closed_accounts

),

-- How many accounts of the types that it touches a closing empties, and how many it
-- moves further from nothing.
coverage as (

    select
        results.transaction_id,
        count(*) as account_count,
        sum(
            case
                when (results.result_amount > 0) <> (closed_accounts.closed_amount > 0)
                    then 1
                else 0
            end
        ) as emptied_count,
        sum(
            case
                when (results.result_amount > 0) = (closed_accounts.closed_amount > 0)
                    then 1
                else 0
            end
        ) as enlarged_count
    from results
    inner join closed_types
        on
            results.transaction_id = closed_types.transaction_id
            and results.account_type = closed_types.account_type
    left join closed_accounts
        on
            results.transaction_id = closed_accounts.transaction_id
            and results.account_id = closed_accounts.account_id
    group by results.transaction_id

),

final as (

    select
        entries.transaction_id,
        entries.month,
        coalesce(
            coverage.enlarged_count = 0
            and 2 * coverage.emptied_count >= coverage.account_count,
            false
        ) as is_closing,
        entries.touches_cash = 1
        and entries.touches_sales = 0 as is_remittance,
        entries.touches_cash = 1
        and entries.touches_clearing = 1
        and entries.is_of_money_only = 1 as is_transfer,
        entries.touches_equity = 1
        and entries.month = first_months.first_month as is_opening
    from entries
    cross join first_months
    left join coverage
        on entries.transaction_id = coverage.transaction_id

)

select * from final
