-- Grain: one row per month and search term.
with

source as (

    select * from {{ source('crm', 'search_interest') }}

),

final as (

    select
        month as volume_date,
        term,
        volume,
        coalesce(is_own, false) as is_own
    from source

)

select * from final
