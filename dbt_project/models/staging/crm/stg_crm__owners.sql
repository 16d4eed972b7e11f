-- Grain: one row per owner of records; who it is stays out.
with

source as (

    select * from {{ source('crm', 'owner') }}

),

final as (

    select owner_id
    from source

)

select * from final
