-- Grain: one row per definition set and policy key: how that set decides.
-- Where a set says nothing, it decides as we do, and so does every set for a key that
-- is a metric policy of the company.
with

default_rows as (

    select * from {{ ref('definition_sets') }}

),

company_rows as (

    select * from {{ ref('stg_policy__definition_sets') }}

),

metric_policies as (

    select * from {{ ref('int_policies') }}

),

rows_in_force as (

    select
        coalesce(company_rows.definition_set, default_rows.definition_set)
            as definition_set,
        coalesce(company_rows.policy_key, default_rows.policy_key) as policy_key,
        coalesce(company_rows.policy_value, default_rows.policy_value) as policy_value
    from default_rows
    full outer join company_rows
        on
            default_rows.definition_set = company_rows.definition_set
            and default_rows.policy_key = company_rows.policy_key

),

definition_sets as (

    select distinct definition_set from rows_in_force

),

our_rows as (

    select
        rows_in_force.policy_key,
        coalesce(metric_policies.policy_value, rows_in_force.policy_value)
            as policy_value
    from rows_in_force
    left join metric_policies
        on rows_in_force.policy_key = metric_policies.policy_key
    where rows_in_force.definition_set = 'tieout'

),

final as (

    select
        definition_sets.definition_set,
        our_rows.policy_key,
        case
            when definition_sets.definition_set = 'tieout' then our_rows.policy_value
            else coalesce(rows_in_force.policy_value, our_rows.policy_value)
        end as policy_value,
        our_rows.policy_value as our_policy_value
    from definition_sets
    cross join our_rows
    left join rows_in_force
        on
            definition_sets.definition_set = rows_in_force.definition_set
            and our_rows.policy_key = rows_in_force.policy_key

)

select * from final
