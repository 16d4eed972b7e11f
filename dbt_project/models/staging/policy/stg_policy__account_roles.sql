-- Grain: one row per rule on ledger accounts that the company has set itself.
with

source as (

    select * from {{ source('policy', 'account_roles') }}

),

final as (

    select
        rule,
        priority,
        account_number,
        account_type,
        account_name,
        role,
        revenue_stream,
        why
    from source

)

select * from final
