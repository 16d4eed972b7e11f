-- Grain: one row per policy that the company has set itself.
with

source as (

    select * from {{ source('policy', 'metric_policies') }}

),

final as (

    select
        policy_key,
        policy_value,
        authority,
        why
    from source

)

select * from final
