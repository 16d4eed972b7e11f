-- Grain: one row per month with revenue or a cost that accounts cause.
-- Beside the margins stand the benchmarks that policies name, and whether a margin is
-- further from its own than the policy lets pass. Definitions 6.
with

margins as (

    select * from {{ ref('int_margins_by_account_price_month') }}

),

benchmarks as (

    select * from {{ ref('int_benchmarks_overridden') }}

),

months as (

    select * from {{ ref('int_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

benchmarks_in_force as (

    select
        max(
            case
                when
                    benchmarks.benchmark = run_settings.margin_benchmark_subscription
                    then benchmarks.rate
            end
        ) as subscription_benchmark,
        max(
            case
                when
                    benchmarks.benchmark = run_settings.margin_benchmark_total
                    then benchmarks.rate
            end
        ) as total_benchmark
    from benchmarks
    cross join run_settings

),

summed as (

    select
        month,
        minor_unit_digits,
        {%- for measure in margin_measures().split() %}
        cast(sum({{ measure }}_minor) as decimal(20, 0)) as {{ measure }}_minor
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from margins
    group by month, minor_unit_digits

),

compared as (

    select
        summed.*,
        benchmarks_in_force.subscription_benchmark,
        benchmarks_in_force.total_benchmark,
        run_settings.margin_review_points
    from summed
    cross join benchmarks_in_force
    cross join run_settings

),

final as (

    select
        compared.month,
        {%- for measure in margin_measures().split() %}
        {{ minor_to_amount(
            'compared.' ~ measure ~ '_minor', 'compared.minor_unit_digits'
        ) }} as {{ measure }}_amount,
        {%- endfor %}
        {%- for margin in margins().split() %}
        {{ margin_rate(margin) }} as {{ margin }}_rate,
        {%- endfor %}
        {%- for line in ['subscription', 'total'] %}
        cast(compared.{{ line }}_benchmark as decimal(9, 6))
            as {{ line }}_benchmark_rate,
        -- The rate itself is binary: compare what it stands for.
        case
            when compared.{{ line }}_revenue_minor > 0
                then
                    abs(
                        compared.{{ line }}_margin_minor
                        - cast(compared.{{ line }}_benchmark as decimal(9, 6))
                        * compared.{{ line }}_revenue_minor
                    )
                    > compared.margin_review_points * compared.{{ line }}_revenue_minor
        end as {{ line }}_margin_needs_review,
        {%- endfor %}
        coalesce(months.is_complete_month, true) as is_complete_month
    from compared
    left join months
        on compared.month = months.month

)

select * from final
