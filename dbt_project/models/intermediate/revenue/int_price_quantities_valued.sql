-- Grain: one row per price and billable quantity in use: what that quantity is worth a
-- month (MRR) and a year (ARR), in the price's currency; NULL where the quantity lies
-- beyond the price's last tier. Definitions 1.2 and 1.3.
-- Beside the rounded values stand the exact ones: the price of one interval in
-- trillionths of the minor unit, and the year's as a quotient.
-- A price and quantity recur every period and in many subscriptions; each pair is
-- valued once.
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

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

commitments as (

    select * from {{ ref('int_committed_items') }}

),

distinct_quantities as (

    select
        price_id,
        billable_quantity
    from intervals
    union
    select
        price_id,
        billable_quantity
    from commitments
    where
        price_id is not null
        and billable_quantity is not null

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
    -- Some reached tier must be open or reach up to the quantity, or the last units
    -- have no price.
    having
        max(
            case
                when
                    price_tiers.units_up_to is null
                    or price_tiers.units_up_to >= distinct_quantities.billable_quantity
                    then 1
                else 0
            end
        ) = 1

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

annualised as (

    select
        distinct_quantities.price_id,
        distinct_quantities.billable_quantity,
        priced_quantities.price_scaled,
        priced_quantities.price_scaled
        * {{ exact_integer('billing_intervals.intervals_per_year') }}
            as annual_numerator,
        {{ exact_integer('prices.billing_interval_count') }}
        * {{ exact_integer('1000000000000') }}
        * {{ minor_units('prices.minor_unit_digits') }} as annual_denominator
    from distinct_quantities
    inner join prices
        on distinct_quantities.price_id = prices.price_id
    inner join billing_intervals
        on prices.billing_interval = billing_intervals.billing_interval
    left join priced_quantities
        on
            distinct_quantities.price_id = priced_quantities.price_id
            and distinct_quantities.billable_quantity
            = priced_quantities.billable_quantity

),

final as (

    select
        price_id,
        billable_quantity,
        price_scaled,
        annual_numerator,
        annual_denominator,
        {{ round_quotient_to_mrr('annual_numerator', '(annual_denominator * 12)') }}
            as mrr_amount_in_currency,
        {{ round_quotient_to_mrr('annual_numerator', 'annual_denominator') }}
            as arr_amount_in_currency
    from annualised

)

select * from final
