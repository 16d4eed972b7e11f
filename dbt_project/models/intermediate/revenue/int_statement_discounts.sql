-- Grain: one row per subscription item and period start of a statement with a discount
-- that recurs: what its percentages together leave of the price, and whether an amount
-- is taken off besides.
-- What is left is in trillionths (1 = 10^12), exact; NULL where it has more decimals.
with

statement_coupons as (

    select * from {{ ref('int_statement_coupons') }}

),

numbered as (

    select
        subscription_item_id,
        period_start_at,
        -- NULL for an amount, which leaves the whole price.
        {{ exact_integer('1000000 - percent_off * 10000') }} as kept_millionths,
        case when amount_off_minor is not null then 1 else 0 end as is_amount,
        row_number() over (
            partition by subscription_item_id, period_start_at
            order by coupon_id
        ) as coupon_number
    from statement_coupons
    where is_recurring

),

-- A product over rows: one factor for each of the first six coupons.
multiplied as (

    select
        subscription_item_id,
        period_start_at,
        max(is_amount) as has_amount,
        max(coupon_number) as coupon_count,
        {% for coupon_number in range(1, 7) %}
        {{ exact_integer(
            'coalesce(max(case when coupon_number = ' ~ coupon_number
            ~ ' then kept_millionths end), 1000000)'
        ) }}
        {%- if not loop.last %} *{% endif %}
        {% endfor %}
            as kept
    from numbered
    group by subscription_item_id, period_start_at

),

final as (

    select
        subscription_item_id,
        period_start_at,
        has_amount = 1 as has_amount,
        case
            when
                coupon_count <= 6
                and {{ whole_quotient(
                    'kept', exact_integer("'1000000000000000000000000'")
                ) }} * {{ exact_integer("'1000000000000000000000000'") }} = kept
                then {{ whole_quotient(
                    'kept', exact_integer("'1000000000000000000000000'")
                ) }}
        end as kept_trillionths
    from multiplied

)

select * from final
