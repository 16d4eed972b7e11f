-- Grain: one row per rule on expense lines that the company has set itself.
with

source as (

    select * from {{ source('policy', 'cost_rules') }}

),

final as (

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
    from source

)

select * from final
