-- Grain: one row per way to write a country, in capitals.
-- The codes of ISO 3166-1, two letters or three, and the name.
with

countries as (

    select * from {{ ref('country_regions') }}

),

final as (

    select
        country_code as country_name,
        country_code
    from countries
    union
    select
        alpha_3_code as country_name,
        country_code
    from countries
    union
    select
        upper(country_name) as country_name,
        country_code
    from countries

)

select * from final
