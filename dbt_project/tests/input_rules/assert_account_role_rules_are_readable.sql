-- A rule that matches every account, or a stream of accounts that are no revenue, says
-- something other than was meant.
with

rules as (

    select * from {{ ref('int_account_roles_overridden') }}

)

select
    'policy.account_roles' as raw_table,
    rule as row_id,
    'account_number' as column_name,
    'NULL' as rejected_value,
    'Expected an account_number, account_type or account_name: with none of them the'
    || ' rule matches every account.' as reason
from rules
where
    account_number = ''
    and account_type = ''
    and account_name = ''
union all
select
    'policy.account_roles' as raw_table,
    rule as row_id,
    'revenue_stream' as column_name,
    revenue_stream as rejected_value,
    'Expected nothing: only the role revenue has a stream.' as reason
from rules
where
    revenue_stream is not null
    and role <> 'revenue'
