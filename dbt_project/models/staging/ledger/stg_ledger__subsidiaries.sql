-- Grain: one row per subsidiary.
with

source as (

    select * from {{ source('ledger', 'subsidiary') }}

),

final as (

    select
        id as subsidiary_id,
        parent as parent_subsidiary_id,
        name as subsidiary_name,
        fullname as subsidiary_full_name
    from source

)

select * from final
