-- Grain: one row per capitalised asset and month, to that of its disposal or of the
-- as-of.
with

amortization as (

    select * from {{ ref('int_asset_amortization_by_month') }}

),

assets as (

    select * from {{ ref('int_assets_described') }}

),

final as (

    select
        amortization.asset_id,
        amortization.month,
        assets.parent_asset_id,
        assets.asset_name,
        amortization.kind,
        amortization.bucket,
        amortization.pool,
        assets.capitalized_on,
        assets.in_service_on,
        assets.useful_life_months,
        assets.disposed_on,
        amortization.is_disposed,
        {{ minor_to_amount(
            'amortization.amortization_minor', 'assets.minor_unit_digits'
        ) }} as amortization_amount,
        {{ minor_to_amount('amortization.cost_minor', 'assets.minor_unit_digits') }}
            as cost_amount,
        {{ minor_to_amount(
            'amortization.accumulated_minor', 'assets.minor_unit_digits'
        ) }} as accumulated_amount,
        {{ minor_to_amount(
            'amortization.cost_minor - amortization.accumulated_minor',
            'assets.minor_unit_digits'
        ) }} as net_book_amount
    from amortization
    inner join assets
        on amortization.asset_id = assets.asset_id

)

select * from final
