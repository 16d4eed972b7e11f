-- Grain: one row per asset that is depreciated or amortised; a tranche is one of its
-- own.
with

source as (

    select * from {{ source('ledger', 'capitalized_asset') }}

),

final as (

    select
        id as asset_id,
        parent_asset_id,
        name as asset_name,
        lower(trim(kind)) as kind,
        upper(currency) as currency_code,
        cost,
        useful_life_months,
        capitalized_on,
        in_service_on,
        disposed_on
    from source

)

select * from final
