{# Points of health: 0 to 100 with 4 decimals, and the share of the weight that they rest on. All of it exact. #}

{# A value between floor and ceiling in points, DECIMAL(9,4), rounded half away from zero; NULL where it is not known. #}
{% macro measure_points(value, floor_value, ceiling_value, direction) -%}
    {%- set clamped = 'least(greatest(' ~ value ~ ', ' ~ floor_value ~ '), ' ~ ceiling_value ~ ')' -%}
    case
        when {{ value }} is not null
            then {{ ten_thousandths_to_points(round_quotient(
                '(case when ' ~ direction ~ " = 'lower' then " ~ decimal_in_millionths(ceiling_value ~ ' - ' ~ clamped)
                ~ ' else ' ~ decimal_in_millionths(clamped ~ ' - ' ~ floor_value) ~ ' end) * 1000000',
                decimal_in_millionths(ceiling_value ~ ' - ' ~ floor_value)
            )) }}
    end
{%- endmacro %}

{# Ten-thousandths of a point, an exact integer, as points, DECIMAL(9,4). #}
{% macro ten_thousandths_to_points(ten_thousandths) -%}
    cast(cast({{ ten_thousandths }} as decimal(9, 0)) * cast(0.0001 as decimal(4, 4)) as decimal(9, 4))
{%- endmacro %}

{# The mean of points over the weight of those that are known, DECIMAL(9,4); an aggregate, NULL where none is. #}
{% macro mean_points() -%}
    case
        when sum(case when points is not null then weight else 0 end) > 0
            then {{ ten_thousandths_to_points(round_quotient(
                exact_integer('sum(case when points is not null then weight * points else 0 end) * 100000000'),
                exact_integer('sum(case when points is not null then weight else 0 end) * 10000')
            )) }}
    end
{%- endmacro %}

{# The share of all weight that is known, DECIMAL(9,6); an aggregate. #}
{% macro mean_coverage() -%}
    cast(
        {{ round_quotient_to_millionths(
            exact_integer('sum(weight * coverage) * 10000000000'),
            exact_integer('sum(weight) * 10000') ~ ' * 1000000'
        ) }} as decimal(9, 6)
    )
{%- endmacro %}

{# The measures that int_health_values_by_account_month knows, in the order in which they are published. #}
{% macro measures_of_health() -%}
    usage adoption support nps billing tenure renewal csm_rating
{%- endmacro %}
