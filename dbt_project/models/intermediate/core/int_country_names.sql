-- Grain: one row per way to write a country, in capitals.
-- The codes of ISO 3166-1, two letters or three, the name, what the country is called
-- elsewhere, and what else the companies of the CRM were understood to mean.
with

countries as (

    select * from {{ ref('country_regions') }}

),

names as (

    select * from {{ ref('country_names') }}

),

texts as (

    select * from {{ ref('stg_identity__country_texts') }}

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
    union
    select
        upper(country_text) as country_name,
        country_code
    from texts

)

select * from final
