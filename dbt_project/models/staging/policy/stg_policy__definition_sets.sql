-- Grain: one row per definition set and policy key that the company has set itself.
with

source as (

    select * from {{ source('policy', 'definition_sets') }}

),

final as (

    select
        definition_set,
        policy_key,
        policy_value,
        authority,
        why
    from source

)

select * from final
