-- Grain: one row per policy key.
-- The company's own row wins over the project's default.
with

default_policies as (

    select * from {{ ref('metric_policies') }}

),

company_policies as (

    select * from {{ ref('stg_policy__metric_policies') }}

),

final as (

    select
        default_policies.policy_key,
        coalesce(company_policies.policy_value, default_policies.policy_value)
            as policy_value,
        coalesce(company_policies.authority, default_policies.authority) as authority,
        coalesce(company_policies.why, default_policies.why) as why,
        (
            company_policies.policy_key is not null
            and (
                company_policies.policy_value
                is distinct from default_policies.policy_value
            )
        ) as is_overridden
    from default_policies
    left join company_policies
        on default_policies.policy_key = company_policies.policy_key

)

select * from final
