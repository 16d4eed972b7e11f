-- Grain: one row per subscription item and valid_from, with what its quantity costs an interval, in units of 10^-12 of
-- the currency's minor unit (an exact integer). Definitions 1.3.
with

intervals as (

    select * from {{ ref('int_item_service_intervals') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

price_tiers as (

    select * from {{ ref('int_price_tiers_bounded') }}

),

-- The same price and quantity recurs every period; each pair is priced once.
distinct_quantities as (

    select distinct
        price_id,
        billable_quantity
    from intervals

),

unit_priced as (

    select
        distinct_quantities.price_id,
        distinct_quantities.billable_quantity,
        {{ exact_integer(
            'prices.unit_amount_minor * cast(1000000000000 as decimal(13, 0))'
        ) }}
        * case
            when prices.transform_quantity_divide_by is null
                then {{ exact_integer('distinct_quantities.billable_quantity') }}
            when prices.transform_quantity_round = 'up'
                then {{ whole_quotient(
                    exact_integer('distinct_quantities.billable_quantity')
                    ~ ' + prices.transform_quantity_divide_by - 1',
                    'prices.transform_quantity_divide_by'
                ) }}
            else {{ whole_quotient(
                exact_integer('distinct_quantities.billable_quantity'),
                'prices.transform_quantity_divide_by'
            ) }}
        end as price_scaled
    from distinct_quantities
    inner join prices
        on distinct_quantities.price_id = prices.price_id
    where prices.billing_scheme = 'per_unit'

),

tier_priced as (

    select
        distinct_quantities.price_id,
        distinct_quantities.billable_quantity,
        sum(
            case
                -- Volume: the whole quantity at the one tier it falls in.
                when prices.tiers_mode = 'volume'
                    then
                        {{ exact_integer('distinct_quantities.billable_quantity') }}
                        * {{ exact_integer(
                            'price_tiers.unit_amount_minor'
                            ~ ' * cast(1000000000000 as decimal(13, 0))'
                        ) }}
                -- Graduated: the units inside each tier at that tier's price.
                else
                    {{ exact_integer(
                        'least('
                        ~ 'distinct_quantities.billable_quantity, '
                        ~ 'coalesce(price_tiers.units_up_to, '
                        ~ 'distinct_quantities.billable_quantity)'
                        ~ ') - price_tiers.units_from'
                    ) }}
                    * {{ exact_integer(
                        'price_tiers.unit_amount_minor'
                        ~ ' * cast(1000000000000 as decimal(13, 0))'
                    ) }}
            end
            + {{ exact_integer('price_tiers.flat_amount_minor') }}
            * {{ exact_integer('1000000000000') }}
        ) as price_scaled
    from distinct_quantities
    inner join prices
        on distinct_quantities.price_id = prices.price_id
    inner join price_tiers
        on
            prices.price_id = price_tiers.price_id
            -- Reached: the first tier always is, the others from their first unit on.
            and (
                price_tiers.is_first_tier
                or distinct_quantities.billable_quantity > price_tiers.units_from
            )
            and (
                prices.tiers_mode <> 'volume'
                or price_tiers.units_up_to is null
                or distinct_quantities.billable_quantity <= price_tiers.units_up_to
            )
    where prices.billing_scheme = 'tiered'
    group by distinct_quantities.price_id, distinct_quantities.billable_quantity

),

priced_quantities as (

    select
        price_id,
        billable_quantity,
        price_scaled
    from unit_priced
    union all
    select
        price_id,
        billable_quantity,
        {{ exact_integer('price_scaled') }} as price_scaled
    from tier_priced

),

final as (

    select
        intervals.*,
        priced_quantities.price_scaled,
        prices.billing_interval,
        prices.billing_interval_count,
        prices.minor_unit_digits
    from intervals
    inner join prices
        on intervals.price_id = prices.price_id
    left join priced_quantities
        on
            intervals.price_id = priced_quantities.price_id
            and intervals.billable_quantity = priced_quantities.billable_quantity

)

select * from final
