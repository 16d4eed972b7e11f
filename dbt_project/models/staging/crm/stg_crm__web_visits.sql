-- Grain: one row per visit to the web site; the same visit may stand there twice.
-- Of the page's address the path alone, since a query may name people.
with

source as (

    select * from {{ source('crm', 'web_visit') }}

),

final as (

    select
        anonymous_id,
        contact_id,
        visited_at,
        source as visit_source,
        {{ url_path('page_url') }} as page_path,
        coalesce(is_bot, false) as is_bot,
        coalesce(is_employee, false) as is_employee
    from source

)

select * from final
