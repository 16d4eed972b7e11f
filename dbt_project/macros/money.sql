{#
  Money: exact arithmetic only. A quantity of money that must be divided is first an integer numerator over an integer
  denominator; it is rounded once, half away from zero. No binary floating point.
#}

{# The widest integer of the engine: 38 digits. #}
{% macro exact_integer(expression) -%}
    {{ return(adapter.dispatch('exact_integer', 'tieout')(expression)) }}
{%- endmacro %}

{% macro default__exact_integer(expression) -%}
    cast({{ expression }} as hugeint)
{%- endmacro %}

{% macro spark__exact_integer(expression) -%}
    cast({{ expression }} as decimal(38, 0))
{%- endmacro %}

{# Quotient of two non-negative integers, cut to a whole number. #}
{% macro whole_quotient(numerator, denominator) -%}
    {{ return(adapter.dispatch('whole_quotient', 'tieout')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__whole_quotient(numerator, denominator) -%}
    (({{ numerator }}) // ({{ denominator }}))
{%- endmacro %}

{% macro spark__whole_quotient(numerator, denominator) -%}
    (({{ numerator }}) div ({{ denominator }}))
{%- endmacro %}

{# Minor units in one major unit of a currency, from the digits that ISO 4217 gives its minor unit. #}
{% macro minor_units(minor_unit_digits) -%}
    case {{ minor_unit_digits }}
        when 0 then 1
        when 2 then 100
        when 3 then 1000
        when 4 then 10000
    end
{%- endmacro %}

{#
  numerator / denominator (exact integers; denominator > 0) in ten-thousandths, rounded half away from zero to a whole one.
  Not sign(): in Spark that is a double, and so would be the product.
#}
{% macro round_quotient_to_ten_thousandths(numerator, denominator) -%}
    case when {{ numerator }} < 0 then -1 else 1 end * {{ whole_quotient(
        'abs(' ~ numerator ~ ') * 20000 + ' ~ denominator,
        '2 * (' ~ denominator ~ ')'
    ) }}
{%- endmacro %}

{# Ten-thousandths of the major unit, the last decimal of MRR, as an MRR amount, DECIMAL(18,4). #}
{% macro ten_thousandths_to_mrr(ten_thousandths) -%}
    cast(cast({{ ten_thousandths }} as decimal(22, 0)) * cast(0.0001 as decimal(4, 4)) as decimal(18, 4))
{%- endmacro %}

{# numerator / denominator (exact integers; denominator > 0) rounded half away from zero to 4 decimals, DECIMAL(18,4). #}
{% macro round_quotient_to_mrr(numerator, denominator) -%}
    {{ ten_thousandths_to_mrr(round_quotient_to_ten_thousandths(numerator, denominator)) }}
{%- endmacro %}

{#
  An MRR amount (4 decimals) in another currency, rounded half away from zero to 4 decimals. A rate has up to 18 decimals,
  as a ledger writes 1 / x: its whole part and its fraction are multiplied apart, since one product of both would not fit
  38 digits. Cast wide first: DECIMAL(18,4) times a fine rate overflows in DuckDB from 100,000 on.
#}
{% macro convert_mrr(amount, exchange_rate) -%}
    cast(
        round(
            cast(
                cast({{ amount }} as decimal(19, 4))
                * cast(floor({{ exchange_rate }}) as decimal(12, 0)) as decimal(38, 22)
            )
            + cast({{ amount }} as decimal(19, 4)) * cast(
                {{ exchange_rate }} - floor({{ exchange_rate }}) as decimal(18, 18)
            ),
            4
        ) as decimal(18, 4)
    )
{%- endmacro %}

{# A sum of MRR amounts as an MRR amount; sums widen to DECIMAL(38,4). #}
{% macro sum_mrr(amount) -%}
    cast(coalesce(sum({{ amount }}), 0) as decimal(18, 4))
{%- endmacro %}

{#
  The class amounts of a movement, from its three balances: opening valued at the closing rate ("revalued"), closing,
  and whether the account ever paid before. One macro, so that the account fact and the currency fact cannot diverge.
#}
{% macro movement_type(opening, revalued_opening, closing, has_paid_before) -%}
    case
        when {{ opening }} = 0 and {{ closing }} > 0 and {{ has_paid_before }} then 'reactivation'
        when {{ opening }} = 0 and {{ closing }} > 0 then 'new'
        when {{ opening }} > 0 and {{ closing }} = 0 then 'churn'
        when {{ closing }} > {{ revalued_opening }} then 'expansion'
        when {{ closing }} < {{ revalued_opening }} then 'contraction'
    end
{%- endmacro %}

{# The amount of one class: the organic change where the movement is of this class, else 0; never negative. #}
{% macro movement_amount(class, movement_type, revalued_opening, closing) -%}
    cast(
        case
            when {{ movement_type }} = '{{ class }}' then abs({{ closing }} - {{ revalued_opening }})
            else 0
        end as decimal(18, 4)
    )
{%- endmacro %}

{#
  numerator / denominator (exact integers >= 0; denominator > 0) times a share in trillionths (1 = 10^12), rounded half
  away from zero to 4 decimals, DECIMAL(18,4). One product of all would not fit 38 digits: the whole part of the quotient
  and its rest are multiplied by the share apart.
#}
{% macro round_share_of_quotient_to_mrr(numerator, denominator, trillionths) -%}
    {%- set one = exact_integer('1000000000000') -%}
    {%- set whole = whole_quotient(numerator, denominator) -%}
    {%- set rest = '(' ~ numerator ~ ' - ' ~ whole ~ ' * ' ~ denominator ~ ')' -%}
    {%- set whole_share = whole_quotient(whole ~ ' * ' ~ trillionths, one) -%}
    cast(
        cast({{ whole_share }} as decimal(18, 0))
        + {{ round_quotient_to_mrr(
            '((' ~ whole ~ ' * ' ~ trillionths ~ ' - ' ~ whole_share ~ ' * ' ~ one ~ ') * ' ~ denominator
            ~ ' + ' ~ rest ~ ' * ' ~ trillionths ~ ')',
            '(' ~ denominator ~ ' * ' ~ one ~ ')'
        ) }}
        as decimal(18, 4)
    )
{%- endmacro %}

{#
  Whether a scope of coupons takes a coupon off the price: `recurring` (MRR) one that recurs, `forever` one that never ends,
  `every` any.
#}
{% macro is_coupon_deducted(coupon_scope, duration, is_recurring) -%}
    case {{ coupon_scope }}
        when 'every' then true
        when 'forever' then coalesce({{ duration }} = 'forever', false)
        else {{ is_recurring }}
    end
{%- endmacro %}

{# numerator / denominator (exact integers; denominator > 0) rounded half away from zero to a whole number. #}
{% macro round_quotient(numerator, denominator) -%}
    (case when {{ numerator }} < 0 then -1 else 1 end * {{ whole_quotient(
        'abs(' ~ numerator ~ ') * 2 + (' ~ denominator ~ ')',
        '2 * (' ~ denominator ~ ')'
    ) }})
{%- endmacro %}

{#
  One part of an amount that is split by weights, all exact integers: the amount up to and with this weight less the amount
  before it, each rounded. The parts sum to the amount, whatever the rounding; the total weight is not 0.
#}
{% macro prefix_share(amount, weight_before, weight, total_weight) -%}
    (
        {{ round_signed_quotient(
            exact_integer(amount) ~ ' * (' ~ weight_before ~ ' + ' ~ weight ~ ')', total_weight
        ) }}
        - {{ round_signed_quotient(exact_integer(amount) ~ ' * (' ~ weight_before ~ ')', total_weight) }}
    )
{%- endmacro %}

{# The same as round_quotient for a denominator of either sign, not 0. #}
{% macro round_signed_quotient(numerator, denominator) -%}
    {{ round_quotient(
        '(' ~ numerator ~ ') * case when ' ~ denominator ~ ' < 0 then -1 else 1 end', 'abs(' ~ denominator ~ ')'
    ) }}
{%- endmacro %}

{# A decimal with up to 18 decimals in quintillionths (10^-18), an exact integer: whole part and fraction apart. #}
{% macro decimal_in_quintillionths(number) -%}
    (
        {{ exact_integer('floor(' ~ number ~ ')') }} * {{ exact_integer('1000000000000000000') }}
        + {{ exact_integer(
            'cast(' ~ number ~ ' - floor(' ~ number ~ ') as decimal(18, 18))'
            ~ ' * cast(1000000000000000000 as decimal(19, 0))'
        ) }}
    )
{%- endmacro %}

{# Whole minor units (exact integer) of a currency with so many digits as an amount of money, DECIMAL(24,4), major units. #}
{% macro minor_to_amount(minor, minor_unit_digits) -%}
    cast(
        cast({{ minor }} as decimal(20, 0)) * case {{ minor_unit_digits }}
            when 0 then cast(1 as decimal(5, 4))
            when 2 then cast(0.01 as decimal(5, 4))
            when 3 then cast(0.001 as decimal(5, 4))
            when 4 then cast(0.0001 as decimal(5, 4))
        end as decimal(24, 4)
    )
{%- endmacro %}

{# Millionths (exact integer) as a number with 6 decimals, DECIMAL(24,6). #}
{% macro millionths_to_decimal(millionths) -%}
    cast(cast({{ millionths }} as decimal(24, 0)) * cast(0.000001 as decimal(6, 6)) as decimal(24, 6))
{%- endmacro %}

{# numerator / denominator (exact integers; denominator > 0) rounded half away from zero to 6 decimals, DECIMAL(24,6). #}
{% macro round_quotient_to_millionths(numerator, denominator) -%}
    {{ millionths_to_decimal(round_quotient('(' ~ numerator ~ ') * 1000000', denominator)) }}
{%- endmacro %}

{# A decimal with up to 6 decimals in millionths, an exact integer. #}
{% macro decimal_in_millionths(number) -%}
    {{ exact_integer('cast(' ~ number ~ ' as decimal(28, 6)) * 1000000') }}
{%- endmacro %}
