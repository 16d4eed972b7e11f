-- Grain: one row per rule that gives accounts of the ledger a role.
-- The company's own rule replaces the project's default of the same name as a whole.
-- What a rule leaves empty matches any account.
with

default_rules as (

    select * from {{ ref('account_roles') }}

),

company_rules as (

    select * from {{ ref('stg_policy__account_roles') }}

),

default_rules_in_force as (

    select default_rules.*
    from default_rules
    left join company_rules
        on default_rules.rule = company_rules.rule
    where company_rules.rule is null

),

unioned as (

    select
        rule,
        priority,
        account_number,
        account_type,
        account_name,
        role,
        revenue_stream,
        why
    from default_rules_in_force
    union all
    select
        rule,
        priority,
        account_number,
        account_type,
        account_name,
        role,
        revenue_stream,
        why
    from company_rules

),

final as (

    select
        rule,
        priority,
        coalesce(trim(account_number), '') as account_number,
        lower(coalesce(trim(account_type), '')) as account_type,
        lower(coalesce(trim(account_name), '')) as account_name,
        role,
        case when revenue_stream <> '' then revenue_stream end as revenue_stream,
        why
    from unioned

)

select * from final
