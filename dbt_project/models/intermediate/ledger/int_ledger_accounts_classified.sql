-- Grain: one row per account of the ledger, with the one rule that gives it its role.
-- Of the rules that match an account the one of the lowest priority decides; an account
-- that no rule matches has no role, and may have no postings.
with

accounts as (

    select * from {{ ref('stg_ledger__accounts') }}

),

rules as (

    select * from {{ ref('int_account_roles_overridden') }}

),

named_accounts as (

    select
        account_id,
        parent_account_id,
        account_number,
        -- The name without its parents: 'Revenue : Subscription revenue'.
        {{ last_part('account_full_name', ':') }} as account_name,
        account_full_name,
        account_type,
        is_inactive
    from accounts

),

matches as (

    select
        named_accounts.account_id,
        rules.rule,
        rules.priority,
        rules.role,
        rules.revenue_stream,
        row_number() over (
            partition by named_accounts.account_id
            order by rules.priority, rules.rule
        ) as match_number
    from named_accounts
    inner join rules
        on
            (
                rules.account_number = ''
                or rules.account_number = named_accounts.account_number
            )
            and (
                rules.account_type = ''
                or rules.account_type = lower(named_accounts.account_type)
            )
            and (
                rules.account_name = ''
                or rules.account_name = lower(named_accounts.account_name)
            )

),

deciding_matches as (

    select * from matches
    where match_number = 1

),

-- A rule of the same priority that would give another role.
contradictions as (

    select
        deciding_matches.account_id,
        min(matches.rule) as contradicting_rule
    from deciding_matches
    inner join matches
        on
            deciding_matches.account_id = matches.account_id
            and deciding_matches.priority = matches.priority
    where
        deciding_matches.role <> matches.role
        or deciding_matches.revenue_stream is distinct from matches.revenue_stream
    group by deciding_matches.account_id

),

final as (

    select
        named_accounts.account_id,
        named_accounts.parent_account_id,
        named_accounts.account_number,
        named_accounts.account_name,
        named_accounts.account_full_name,
        named_accounts.account_type,
        named_accounts.is_inactive,
        deciding_matches.rule,
        deciding_matches.role as account_role,
        deciding_matches.revenue_stream,
        contradictions.contradicting_rule
    from named_accounts
    left join deciding_matches
        on named_accounts.account_id = deciding_matches.account_id
    left join contradictions
        on named_accounts.account_id = contradictions.account_id

)

select * from final
