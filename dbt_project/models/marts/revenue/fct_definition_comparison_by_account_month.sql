-- Grain: one row per definition set, account, month and policy key by which the set's
-- MRR differs from ours.
-- The differences add up to the set's MRR less ours, exactly.
with

item_months as (

    select * from {{ ref('int_item_months_by_definition') }}

),

usage as (

    select * from {{ ref('int_usage_mrr_by_account_month') }}

),

definition_sets as (

    select * from {{ ref('int_definition_sets') }}

),

policies as (

    select * from {{ ref('int_definition_policies') }}

),

months as (

    select * from {{ ref('int_months') }}

),

parts as (

    select
        definition_set,
        account_id,
        month,
        presence_policy_key as policy_key,
        presence_amount as difference_amount
    from item_months
    where presence_amount <> 0
    union all
    select
        definition_set,
        account_id,
        month,
        'coupons' as policy_key,
        coupons_amount as difference_amount
    from item_months
    where coupons_amount <> 0
    union all
    select
        definition_set,
        account_id,
        month,
        interval_policy_key as policy_key,
        interval_amount as difference_amount
    from item_months
    where interval_amount <> 0
    union all
    select
        definition_set,
        account_id,
        month,
        'exchange_rate_day' as policy_key,
        exchange_rate_amount as difference_amount
    from item_months
    where exchange_rate_amount <> 0
    union all
    select
        definition_sets.definition_set,
        usage.account_id,
        usage.month,
        'metered_usage' as policy_key,
        usage.usage_mrr_amount as difference_amount
    from usage
    cross join definition_sets
    where
        definition_sets.metered_usage = 'counted'
        and usage.usage_mrr_amount > 0

),

differences as (

    select
        definition_set,
        account_id,
        month,
        policy_key,
        {{ sum_mrr('difference_amount') }} as difference_amount
    from parts
    group by definition_set, account_id, month, policy_key

),

final as (

    select
        differences.definition_set,
        differences.account_id,
        differences.month,
        differences.policy_key,
        policies.policy_value,
        policies.our_policy_value,
        differences.difference_amount,
        months.is_complete_month
    from differences
    inner join months
        on differences.month = months.month
    inner join policies
        on
            differences.definition_set = policies.definition_set
            and differences.policy_key = policies.policy_key
    where differences.difference_amount <> 0

)

select * from final
