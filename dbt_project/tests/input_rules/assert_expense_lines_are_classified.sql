-- What no rule puts into a bucket would be in no margin, and what two rules of one
-- priority put into different ones would be in either.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

combinations as (

    select * from {{ ref('int_expense_combinations_classified') }}

),

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

unmatched as (

    select
        account_id,
        month,
        coalesce(account_name, account_id) as account_name,
        coalesce(department, 'none') as department,
        coalesce(vendor, 'none') as vendor,
        coalesce(class, 'none') as class,
        min(transaction_id || '/' || transaction_line_id) as first_line,
        count(*) as line_count,
        sum({{ minor_to_amount('amount_minor', 'minor_unit_digits') }}) as amount
    from cost_lines
    where
        bucket is null
        and split_by = 'none'
    group by
        account_id,
        month,
        coalesce(account_name, account_id),
        coalesce(department, 'none'),
        coalesce(vendor, 'none'),
        coalesce(class, 'none')

)

select
    'ledger.transactionline' as raw_table,
    first_line as row_id,
    'account' as column_name,
    account_name as rejected_value,
    'No rule of policy cost_rules gives a bucket to '
    || cast(line_count as string)
    || ' lines of '
    || cast(month as string)
    || ', '
    || cast(amount as string)
    || ' in total, of account '
    || account_name
    || ', department '
    || department
    || ', vendor '
    || vendor
    || ', class '
    || class
    || ': add a rule, for instance for the department or the vendor.' as reason
from unmatched
union all
select
    'policy.cost_rules' as raw_table,
    combinations.rule as row_id,
    'priority' as column_name,
    combinations.contradicting_rule as rejected_value,
    'Expense lines of account '
    || coalesce(accounts.account_name, combinations.account_id)
    || ' have two rules of the same priority, which give them different buckets or'
    || ' pools: lower the priority number of the one that is meant.' as reason
from combinations
left join accounts
    on combinations.account_id = accounts.account_id
where combinations.contradicting_rule is not null
