-- Grain: one row per way to write a country, in capitals.
-- The codes of ISO 3166-1, two letters or three, the name, and what the country is
-- called elsewhere.
with

countries as (

    select * from {{ ref('country_regions') }}

),

names as (

    select * from {{ ref('country_names') }}

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
    union
    select
        upper(country_name) as country_name,
        country_code
    from names

)

select * from final
