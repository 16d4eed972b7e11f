-- Grain: one row per account of the chart of accounts.
with

source as (

    select * from {{ source('ledger', 'account') }}

),

final as (

    select
        id as account_id,
        parent as parent_account_id,
        acctnumber as account_number,
        accttype as account_type,
        fullname as account_full_name,
        coalesce(isinactive, false) as is_inactive
    from source

)

select * from final
