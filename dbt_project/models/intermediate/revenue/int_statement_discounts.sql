-- Grain: one row per subscription item, period start of a statement with a coupon, and
-- coupon scope: what the percentages in the scope together leave of the price, and
-- whether an amount is taken off besides.
-- MRR is of the scope `recurring`; other definitions deduct coupons that last `forever`
-- only, or `every` one.
-- What is left is in trillionths (1 = 10^12), exact; NULL where it has more decimals.
with

statement_coupons as (

    select * from {{ ref('int_statement_coupons') }}

),

coupon_scopes as (

    select 'recurring' as coupon_scope
    union all
    select 'forever' as coupon_scope
    union all
    select 'every' as coupon_scope

),

scoped_coupons as (

    select
        statement_coupons.*,
        coupon_scopes.coupon_scope,
        {{ is_coupon_deducted(
            'coupon_scopes.coupon_scope',
            'statement_coupons.duration',
            'statement_coupons.is_recurring'
        ) }} as is_deducted
    from statement_coupons
    cross join coupon_scopes

),

numbered as (

    select
        subscription_item_id,
        period_start_at,
        coupon_scope,
        is_deducted,
        -- NULL for an amount, which leaves the whole price.
        case
            when is_deducted
                then {{ exact_integer('1000000 - percent_off * 10000') }}
        end as kept_millionths,
        case when is_deducted and amount_off_minor is not null then 1 else 0 end
            as is_amount,
        row_number() over (
            partition by subscription_item_id, period_start_at, coupon_scope
            order by is_deducted desc, coupon_id asc
        ) as coupon_number
    from scoped_coupons

),

-- A product over rows: one factor for each of the first six coupons.
multiplied as (

    select
        subscription_item_id,
        period_start_at,
        coupon_scope,
        max(is_amount) as has_amount,
        sum(case when is_deducted then 1 else 0 end) as coupon_count,
        {% for coupon_number in range(1, 7) %}
        {{ exact_integer(
            'coalesce(max(case when coupon_number = ' ~ coupon_number
            ~ ' then kept_millionths end), 1000000)'
        ) }}
        {%- if not loop.last %} *{% endif %}
        {% endfor %}
            as kept
    from numbered
    group by subscription_item_id, period_start_at, coupon_scope

),

final as (

    select
        subscription_item_id,
        period_start_at,
        coupon_scope,
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
