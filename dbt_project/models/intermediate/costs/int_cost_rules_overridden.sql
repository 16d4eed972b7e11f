-- Grain: one row per rule that gives expense lines a bucket.
-- The company's own rule replaces the project's default of the same name as a whole.
-- What a rule leaves empty matches any line. Texts are compared in lower case.
with

default_rules as (

    select * from {{ ref('cost_rules') }}

),

company_rules as (

    select * from {{ ref('stg_policy__cost_rules') }}

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
        account_role,
        department,
        vendor,
        class,
        bucket,
        pool,
        is_direct,
        why
    from default_rules_in_force
    union all
    select
        rule,
        priority,
        account_number,
        account_type,
        account_name,
        account_role,
        department,
        vendor,
        class,
        bucket,
        pool,
        is_direct,
        why
    from company_rules

),

final as (

    select
        rule,
        priority,
        lower(coalesce(trim(account_number), '')) as account_number,
        lower(coalesce(trim(account_type), '')) as account_type,
        lower(coalesce(trim(account_name), '')) as account_name,
        lower(coalesce(trim(account_role), '')) as account_role,
        lower(coalesce(trim(department), '')) as department,
        lower(coalesce(trim(vendor), '')) as vendor,
        lower(coalesce(trim(class), '')) as class,
        lower(trim(bucket)) as bucket,
        case
            when trim(pool) <> '' then lower(trim(pool))
            else lower(trim(bucket))
        end as pool,
        is_direct,
        why
    from unioned

)

select * from final
