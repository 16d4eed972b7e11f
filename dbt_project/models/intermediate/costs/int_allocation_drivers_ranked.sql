-- Grain: one row per pool of costs and rank of a driver: 1 is the driver of its rule, 2
-- the first fallback.
{%- set most_fallbacks = 12 %}
with

rules as (

    select * from {{ ref('int_allocation_rules_overridden') }}

),

-- More than there are drivers.
ranks as (

    {%- for rank in range(2, most_fallbacks + 2) %}
    select {{ rank }} as driver_rank
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

fallbacks as (

    select
        rules.pool,
        ranks.driver_rank,
        split_part(trim(rules.fallback_drivers), ' ', ranks.driver_rank - 1) as driver
    from rules
    cross join ranks

),

final as (

    select
        pool,
        1 as driver_rank,
        driver
    from rules
    union all
    select
        pool,
        driver_rank,
        driver
    from fallbacks
    where driver <> ''

)

select * from final
