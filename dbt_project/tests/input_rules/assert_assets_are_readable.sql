-- The register is added up in the reporting currency and to the minor unit, and each
-- asset is in one bucket over a life that has an end.
with

assets as (

    select * from {{ ref('int_assets_described') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

findings as (

    select
        assets.asset_id,
        'currency' as column_name,
        assets.currency_code as rejected_value,
        'Expected the reporting currency '
        || run_settings.reporting_currency_code
        || ', at the rate of the day of capitalisation.' as reason
    from assets
    cross join run_settings
    where assets.currency_code <> run_settings.reporting_currency_code
    union all
    select
        asset_id,
        'cost' as column_name,
        cast(cost as string) as rejected_value,
        'Expected a cost of at least 0 in whole minor units.' as reason
    from assets
    where
        coalesce(
            cost < 0
            or cost * {{ minor_units('minor_unit_digits') }} <> cost_minor,
            true
        )
    union all
    select
        asset_id,
        'useful_life_months' as column_name,
        cast(useful_life_months as string) as rejected_value,
        'Expected a useful life of 1 to 1200 months: it is in service.' as reason
    from assets
    where
        in_service_on is not null
        and coalesce(useful_life_months < 1 or useful_life_months > 1200, true)
    union all
    select
        asset_id,
        'capitalized_on' as column_name,
        'NULL' as rejected_value,
        'Expected the day of capitalisation or of service.' as reason
    from assets
    where
        capitalized_on is null
        and in_service_on is null
    union all
    select
        asset_id,
        'disposed_on' as column_name,
        cast(disposed_on as string) as rejected_value,
        'Expected a day on or after those of capitalisation and service.' as reason
    from assets
    where
        disposed_on < capitalized_on
        or disposed_on < in_service_on
    union all
    select
        asset_id,
        'kind' as column_name,
        kind as rejected_value,
        'Expected a kind that policy cost_mappings knows: add it to the mapping'
        || ' asset_kind, or the asset to the mapping asset.' as reason
    from assets
    where bucket is null

)

select
    'ledger.capitalized_asset' as raw_table,
    asset_id as row_id,
    column_name,
    coalesce(rejected_value, 'NULL') as rejected_value,
    reason
from findings
