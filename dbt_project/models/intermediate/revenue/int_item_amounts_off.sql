-- Grain: one row per subscription item, valid_from and coupon scope, of the service
-- whose invoices have an amount taken off: its discounted MRR and ARR over
-- [valid_from, valid_to).
-- The amount is per invoice: made monthly, it is spread over the items that the
-- subscription has in service on one billing interval, in proportion to their price, at
-- 4 decimals, by largest remainder. So service is cut wherever one of them starts or
-- ends. Definitions 1.4.
with

service as (

    select
        *,
        -- Service without a subscription is invoiced item by item.
        coalesce(subscription_id, subscription_item_id) as invoiced_id
    from {{ ref('int_item_service_valued') }}
    where has_amount_off

),

statement_coupons as (

    select *
    from {{ ref('int_statement_coupons') }}
    where amount_off_minor is not null

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

boundaries as (

    select
        invoiced_id,
        coupon_scope,
        valid_from as boundary_at
    from service
    union
    select
        invoiced_id,
        coupon_scope,
        valid_to as boundary_at
    from service

),

pieces as (

    select
        service.subscription_item_id,
        service.statement_start_at,
        service.valid_from as service_from,
        service.invoiced_id,
        service.coupon_scope,
        service.price_id,
        service.price_scaled,
        boundaries.boundary_at as valid_from,
        lead(boundaries.boundary_at, 1, service.valid_to) over (
            partition by
                service.subscription_item_id,
                service.coupon_scope,
                service.valid_from
            order by boundaries.boundary_at
        ) as valid_to
    from service
    inner join boundaries
        on
            service.invoiced_id = boundaries.invoiced_id
            and service.coupon_scope = boundaries.coupon_scope
            and service.valid_from <= boundaries.boundary_at
            and boundaries.boundary_at < service.valid_to

),

-- What one coupon takes off a month and a year of the invoices of one interval, in
-- ten-thousandths of the major unit.
amounts as (

    select
        pieces.subscription_item_id,
        pieces.valid_from,
        pieces.invoiced_id,
        pieces.coupon_scope,
        statement_coupons.coupon_id,
        prices.currency_code,
        prices.billing_interval,
        prices.billing_interval_count,
        pieces.price_scaled,
        {{ round_quotient_to_ten_thousandths(
            exact_integer('statement_coupons.amount_off_minor')
            ~ ' * billing_intervals.intervals_per_year',
            '(12 * ' ~ exact_integer('prices.billing_interval_count') ~ ' * '
            ~ minor_units('prices.minor_unit_digits') ~ ')'
        ) }} as mrr_off,
        {{ round_quotient_to_ten_thousandths(
            exact_integer('statement_coupons.amount_off_minor')
            ~ ' * billing_intervals.intervals_per_year',
            '(' ~ exact_integer('prices.billing_interval_count') ~ ' * '
            ~ minor_units('prices.minor_unit_digits') ~ ')'
        ) }} as arr_off
    from pieces
    inner join statement_coupons
        on
            pieces.subscription_item_id = statement_coupons.subscription_item_id
            and pieces.statement_start_at = statement_coupons.period_start_at
            and {{ is_coupon_deducted(
                'pieces.coupon_scope',
                'statement_coupons.duration',
                'statement_coupons.is_recurring'
            ) }}
    inner join prices
        on pieces.price_id = prices.price_id
    inner join billing_intervals
        on prices.billing_interval = billing_intervals.billing_interval

),

in_total as (

    select
        *,
        {{ exact_integer(
            'sum(price_scaled) over ('
            ~ 'partition by invoiced_id, coupon_scope, coupon_id, currency_code, '
            ~ 'billing_interval, billing_interval_count, valid_from)'
        ) }} as total_price_scaled
    from amounts

),

shared as (

    select
        *,
        {{ whole_quotient('mrr_off * price_scaled', 'total_price_scaled') }}
            as mrr_share,
        {{ whole_quotient('arr_off * price_scaled', 'total_price_scaled') }}
            as arr_share
    from in_total
    -- Nothing can be taken off what is free.
    where total_price_scaled > 0

),

ranked as (

    select
        *,
        mrr_off
        - sum(mrr_share) over (
            partition by
                invoiced_id,
                coupon_scope,
                coupon_id,
                currency_code,
                billing_interval,
                billing_interval_count,
                valid_from
        ) as mrr_left,
        row_number() over (
            partition by
                invoiced_id,
                coupon_scope,
                coupon_id,
                currency_code,
                billing_interval,
                billing_interval_count,
                valid_from
            order by
                mrr_off * price_scaled - mrr_share * total_price_scaled desc,
                subscription_item_id
        ) as mrr_rank,
        arr_off
        - sum(arr_share) over (
            partition by
                invoiced_id,
                coupon_scope,
                coupon_id,
                currency_code,
                billing_interval,
                billing_interval_count,
                valid_from
        ) as arr_left,
        row_number() over (
            partition by
                invoiced_id,
                coupon_scope,
                coupon_id,
                currency_code,
                billing_interval,
                billing_interval_count,
                valid_from
            order by
                arr_off * price_scaled - arr_share * total_price_scaled desc,
                subscription_item_id
        ) as arr_rank
    from shared

),

amounts_off as (

    select
        subscription_item_id,
        coupon_scope,
        valid_from,
        sum(mrr_share + case when mrr_rank <= mrr_left then 1 else 0 end) as mrr_off,
        sum(arr_share + case when arr_rank <= arr_left then 1 else 0 end) as arr_off
    from ranked
    group by subscription_item_id, coupon_scope, valid_from

),

final as (

    select
        pieces.subscription_item_id,
        pieces.valid_from,
        pieces.valid_to,
        pieces.coupon_scope,
        pieces.service_from,
        greatest(
            cast(
                service.mrr_amount_in_currency
                - {{ ten_thousandths_to_mrr('coalesce(amounts_off.mrr_off, 0)') }}
                as decimal(18, 4)
            ),
            cast(0 as decimal(18, 4))
        ) as mrr_amount_in_currency,
        greatest(
            cast(
                service.arr_amount_in_currency
                - {{ ten_thousandths_to_mrr('coalesce(amounts_off.arr_off, 0)') }}
                as decimal(18, 4)
            ),
            cast(0 as decimal(18, 4))
        ) as arr_amount_in_currency
    from pieces
    inner join service
        on
            pieces.subscription_item_id = service.subscription_item_id
            and pieces.coupon_scope = service.coupon_scope
            and pieces.service_from = service.valid_from
    left join amounts_off
        on
            pieces.subscription_item_id = amounts_off.subscription_item_id
            and pieces.coupon_scope = amounts_off.coupon_scope
            and pieces.valid_from = amounts_off.valid_from

)

select * from final
