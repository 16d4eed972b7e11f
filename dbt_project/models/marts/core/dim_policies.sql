-- Grain: one row per policy key: the choice in force when this version was published.
with

policies as (

    select * from {{ ref('int_policies') }}

),

final as (

    select
        policy_key,
        policy_value,
        authority,
        why,
        is_overridden
    from policies

)

select * from final
