-- Grain: one row per capitalised asset, with its life and the one bucket that it is in.
-- A mapping of the asset itself wins over that of its kind. Costs are whole minor units
-- of the reporting currency.
with

assets as (

    select * from {{ ref('stg_ledger__capitalized_assets') }}

),

mappings as (

    select * from {{ ref('int_cost_mappings_overridden') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

final as (

    select
        assets.asset_id,
        assets.parent_asset_id,
        assets.asset_name,
        assets.kind,
        coalesce(asset_mappings.target, kind_mappings.target) as bucket,
        case
            when asset_mappings.target is not null then asset_mappings.pool
            else kind_mappings.pool
        end as pool,
        assets.currency_code,
        assets.cost,
        cast(
            round(
                assets.cost * {{ minor_units('currencies.minor_unit_digits') }}
            ) as decimal(20, 0)
        ) as cost_minor,
        currencies.minor_unit_digits,
        assets.capitalized_on,
        assets.in_service_on,
        assets.useful_life_months,
        -- A life that cannot be meant has no end, which a test of the input finds.
        case
            when
                assets.useful_life_months >= 1
                and assets.useful_life_months <= 1200
                then {{ add_months(
                    'assets.in_service_on', 'assets.useful_life_months'
                ) }}
        end as end_date,
        assets.disposed_on
    from assets
    cross join run_settings
    left join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    left join mappings as asset_mappings
        on
            lower(trim(assets.asset_id)) = asset_mappings.value
            and asset_mappings.mapping = 'asset'
    left join mappings as kind_mappings
        on
            assets.kind = kind_mappings.value
            and kind_mappings.mapping = 'asset_kind'

)

select * from final
