-- Grain: one row per way in which companies are written to be in a country that is
-- known.
with

source as (

    select * from {{ source('identity', 'country_texts') }}

),

final as (

    select
        country_text,
        country_code
    from source

)

select * from final
