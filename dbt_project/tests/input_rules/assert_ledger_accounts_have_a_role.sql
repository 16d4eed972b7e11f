-- What is posted to an account without a role would be in no control, and what is
-- posted to one that two rules claim would be in either.
with

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

posted_accounts as (

    select
        account_id,
        count(*) as line_count
    from {{ ref('int_ledger_lines') }}
    group by account_id

)

select
    'ledger.account' as raw_table,
    accounts.account_id as row_id,
    'accttype' as column_name,
    coalesce(accounts.account_type, 'NULL') as rejected_value,
    'Account '
    || coalesce(accounts.account_full_name, accounts.account_id)
    || ' has '
    || cast(posted_accounts.line_count as string)
    || ' postings and no rule of policy account_roles gives it a role: add one, for'
    || ' instance for its account_number.' as reason
from accounts
inner join posted_accounts
    on accounts.account_id = posted_accounts.account_id
where accounts.account_role is null
union all
select
    'policy.account_roles' as raw_table,
    accounts.rule as row_id,
    'priority' as column_name,
    accounts.contradicting_rule as rejected_value,
    'Account '
    || coalesce(accounts.account_full_name, accounts.account_id)
    || ' has two rules of the same priority, which give it different roles: lower the'
    || ' priority number of the one that is meant.' as reason
from accounts
inner join posted_accounts
    on accounts.account_id = posted_accounts.account_id
where accounts.contradicting_rule is not null
