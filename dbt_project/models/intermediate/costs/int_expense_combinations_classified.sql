-- Grain: one row per account, department, vendor and class that expense lines combine,
-- with the one rule that gives it its bucket.
-- Of the rules that match the one of the lowest priority decides. Names are compared in
-- lower case, with or without those of their parents.
with

expense_lines as (

    select * from {{ ref('int_expense_lines') }}

),

rules as (

    select * from {{ ref('int_cost_rules_overridden') }}

),

accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

departments as (

    select * from {{ ref('stg_ledger__departments') }}

),

classes as (

    select * from {{ ref('stg_ledger__classes') }}

),

combinations as (

    select
        account_id,
        department_id,
        vendor_id,
        class_id,
        min(department) as department,
        min(vendor) as vendor,
        min(class) as class
    from expense_lines
    group by account_id, department_id, vendor_id, class_id

),

spelled as (

    select
        combinations.account_id,
        combinations.department_id,
        combinations.vendor_id,
        combinations.class_id,
        lower(trim(accounts.account_number)) as account_number,
        lower(trim(accounts.account_type)) as account_type,
        lower(trim(accounts.account_name)) as account_name,
        lower(trim(accounts.account_full_name)) as account_full_name,
        accounts.account_role,
        lower(combinations.department) as department,
        lower(trim(departments.department_name)) as department_name,
        lower({{ last_part('combinations.department', ':') }}) as department_last_part,
        lower(trim(combinations.vendor)) as vendor,
        lower({{ last_part('combinations.vendor', ':') }}) as vendor_last_part,
        lower(combinations.class) as class,
        lower(trim(classes.class_name)) as class_name,
        lower({{ last_part('combinations.class', ':') }}) as class_last_part
    from combinations
    inner join accounts
        on combinations.account_id = accounts.account_id
    left join departments
        on combinations.department_id = departments.department_id
    left join classes
        on combinations.class_id = classes.class_id

),

matches as (

    select
        spelled.account_id,
        spelled.department_id,
        spelled.vendor_id,
        spelled.class_id,
        rules.rule,
        rules.priority,
        rules.bucket,
        rules.pool,
        rules.why,
        row_number() over (
            partition by
                spelled.account_id,
                spelled.department_id,
                spelled.vendor_id,
                spelled.class_id
            order by rules.priority, rules.rule
        ) as match_number
    from spelled
    inner join rules
        on
            (
                rules.account_number = ''
                or rules.account_number = spelled.account_number
            )
            and (
                rules.account_type = ''
                or rules.account_type = spelled.account_type
            )
            and (
                rules.account_name = ''
                or rules.account_name = spelled.account_name
                or rules.account_name = spelled.account_full_name
            )
            and (
                rules.account_role = ''
                or rules.account_role = spelled.account_role
            )
            and (
                rules.department = ''
                or rules.department = lower(spelled.department_id)
                or rules.department = spelled.department
                or rules.department = spelled.department_name
                or rules.department = spelled.department_last_part
            )
            and (
                rules.vendor = ''
                or rules.vendor = lower(spelled.vendor_id)
                or rules.vendor = spelled.vendor
                or rules.vendor = spelled.vendor_last_part
            )
            and (
                rules.class = ''
                or rules.class = lower(spelled.class_id)
                or rules.class = spelled.class
                or rules.class = spelled.class_name
                or rules.class = spelled.class_last_part
            )

),

deciding_matches as (

    select * from matches
    where match_number = 1

),

-- A rule of the same priority that would give another bucket or pool.
contradictions as (

    select
        deciding_matches.account_id,
        deciding_matches.department_id,
        deciding_matches.vendor_id,
        deciding_matches.class_id,
        min(matches.rule) as contradicting_rule
    from deciding_matches
    inner join matches
        on
            deciding_matches.account_id = matches.account_id
            and deciding_matches.department_id = matches.department_id
            and deciding_matches.vendor_id = matches.vendor_id
            and deciding_matches.class_id = matches.class_id
            and deciding_matches.priority = matches.priority
    where
        deciding_matches.bucket <> matches.bucket
        or deciding_matches.pool <> matches.pool
    group by
        deciding_matches.account_id,
        deciding_matches.department_id,
        deciding_matches.vendor_id,
        deciding_matches.class_id

),

final as (

    select
        combinations.account_id,
        combinations.department_id,
        combinations.vendor_id,
        combinations.class_id,
        deciding_matches.rule,
        deciding_matches.why,
        deciding_matches.bucket,
        deciding_matches.pool,
        contradictions.contradicting_rule
    from combinations
    left join deciding_matches
        on
            combinations.account_id = deciding_matches.account_id
            and combinations.department_id = deciding_matches.department_id
            and combinations.vendor_id = deciding_matches.vendor_id
            and combinations.class_id = deciding_matches.class_id
    left join contradictions
        on
            combinations.account_id = contradictions.account_id
            and combinations.department_id = contradictions.department_id
            and combinations.vendor_id = contradictions.vendor_id
            and combinations.class_id = contradictions.class_id

)

select * from final
