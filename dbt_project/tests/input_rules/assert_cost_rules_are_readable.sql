-- A rule that matches every line, that asks for a role which no account can have, or
-- that says of its bucket what is not so, says something other than was meant.
with

rules as (

    select * from {{ ref('int_cost_rules_overridden') }}

),

findings as (

    select
        rule,
        'account_number' as column_name,
        'NULL' as rejected_value,
        'Expected something that it matches: with nothing the rule matches every line.'
            as reason
    from rules
    where
        account_number = ''
        and account_type = ''
        and account_name = ''
        and account_role = ''
        and department = ''
        and vendor = ''
        and class = ''
    union all
    select
        rule,
        'account_role' as column_name,
        account_role as rejected_value,
        'Expected a role of policy account_roles, or nothing.' as reason
    from rules
    where
        account_role not in (
            '', 'receivable', 'contract_asset', 'deferred_revenue', 'revenue',
            'contra_revenue', 'tax_payable', 'bad_debt', 'clearing', 'cash',
            'processor_fees', 'retained_earnings', 'fx', 'people', 'hosting',
            'amortization', 'fixed_assets', 'accumulated_amortization', 'other'
        )
    union all
    select
        rule,
        'bucket' as column_name,
        bucket as rejected_value,
        'Expected account_role amortization beside it: the asset register explains'
        || ' nothing else.' as reason
    from rules
    where
        bucket = 'by_asset'
        and account_role <> 'amortization'
    union all
    select
        rule,
        'is_direct' as column_name,
        cast(is_direct as string) as rejected_value,
        'Expected nothing: each asset has a bucket of its own.' as reason
    from rules
    where
        bucket = 'by_asset'
        and is_direct is not null
    union all
    select
        rule,
        'is_direct' as column_name,
        coalesce(cast(is_direct as string), 'NULL') as rejected_value,
        'Expected '
        || case
            when bucket in ({{ quoted_direct_buckets() }}) then 'true'
            else 'false'
        end
        || ': of bucket '
        || bucket
        || ' nothing else is so; customer success is moved by policy'
        || ' customer_success_in_cor.' as reason
    from rules
    where
        bucket <> 'by_asset'
        and is_direct is distinct from (bucket in ({{ quoted_direct_buckets() }}))

)

select
    'policy.cost_rules' as raw_table,
    rule as row_id,
    column_name,
    rejected_value,
    reason
from findings
