-- Grain: one row per class.
with

source as (

    select * from {{ source('ledger', 'classification') }}

),

final as (

    select
        id as class_id,
        parent as parent_class_id,
        name as class_name,
        fullname as class_full_name
    from source

)

select * from final
