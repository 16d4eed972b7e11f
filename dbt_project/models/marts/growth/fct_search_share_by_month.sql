-- Grain: one row per month in which searches were counted.
with

search_interests as (

    select * from {{ ref('int_search_interests_by_month') }}

),

final as (

    select
        month,
        own_volume,
        total_volume,
        {{ ratio('own_volume', 'total_volume') }} as search_share,
        own_term_count,
        term_count,
        is_complete_month
    from search_interests

)

select * from final
