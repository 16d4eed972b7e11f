-- A policy that cannot be read would otherwise end in a cast error that names no row.
with

policies as (

    select * from {{ ref('int_policies') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

-- Whole numbers; what the retention fit takes starts at two, since two parameters need
-- two of everything.
ranges as (

    select
        'retention_fit_minimum_accounts' as policy_key,
        2 as low,
        100000000 as high
    union all
    select
        'retention_fit_minimum_lost_accounts' as policy_key,
        2 as low,
        100000000 as high
    union all
    select
        'retention_fit_minimum_months' as policy_key,
        2 as low,
        1200 as high
    union all
    select
        'retention_fit_parameter_limit' as policy_key,
        10 as low,
        1000000 as high
    union all
    select
        'retention_projection_horizon_months' as policy_key,
        1 as low,
        600 as high
    union all
    select
        'materiality_growth_months' as policy_key,
        1 as low,
        120 as high
    union all
    select
        'allocation_account_rows_limit' as policy_key,
        0 as low,
        1000000000 as high
    union all
    select
        'cac_lag_months' as policy_key,
        0 as low,
        120 as high
    union all
    select
        'clv_cap_months' as policy_key,
        1 as low,
        1200 as high
    union all
    select
        'first_reply_minutes' as policy_key,
        0 as low,
        100000 as high
    union all
    select
        'health_drop_days' as policy_key,
        1 as low,
        3660 as high
    union all
    select
        'nps_period_months' as policy_key,
        1 as low,
        120 as high
    union all
    select
        'money_back_days' as policy_key,
        0 as low,
        3660 as high
    union all
    select
        'support_included_months' as policy_key,
        0 as low,
        1200 as high
    union all
    select
        'crm_billing_tolerance_days' as policy_key,
        0 as low,
        36500 as high
    union all
    select
        'sme_below_employees' as policy_key,
        1 as low,
        100000000 as high
    union all
    select
        'forecast_years' as policy_key,
        0 as low,
        20 as high

),

benchmarks as (

    select * from {{ ref('int_benchmarks_overridden') }}

),

health_scores as (

    select
        score,
        sum(weight) as weight
    from {{ ref('int_health_measures_overridden') }}
    group by score

),

findings as (

    select
        policies.policy_key,
        policies.policy_value,
        'Expected a whole number of days from 0 to 36500.' as reason
    from policies
    where
        policies.policy_key in ('renewal_grace_days', 'fx_rate_max_age_days')
        and not {{ is_whole_number('policies.policy_value', 0, 36500) }}
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected own or of_the_renewal.' as reason
    from policies
    where
        policies.policy_key = 'proration_coupons'
        and coalesce(
            policies.policy_value not in ('own', 'of_the_renewal'), true
        )
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected a whole number of days from 0 to 36500, or nothing.' as reason
    from policies
    where
        policies.policy_key in ('past_due_churn_days', 'raw_retention_days')
        and coalesce(policies.policy_value, '') <> ''
        and not {{ is_whole_number('policies.policy_value', 0, 36500) }}
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected a month from 1 to 12.' as reason
    from policies
    where
        policies.policy_key = 'fiscal_year_start_month'
        and not {{ is_whole_number('policies.policy_value', 1, 12) }}
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected a share from 0 to 1.' as reason
    from policies
    where
        policies.policy_key in ('max_quarantined_share', 'max_row_drop_share')
        and coalesce(
            try_cast(policies.policy_value as decimal(9, 6)) >= 0
            and try_cast(policies.policy_value as decimal(9, 6)) <= 1,
            false
        ) = false
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected a share from 0 to 1 with at most 6 decimals.' as reason
    from policies
    where
        policies.policy_key in (
            'licence_support_share',
            'materiality_revenue_share',
            'margin_review_points',
            'health_minimum_coverage',
            'health_coverage_alert_fall'
        )
        and coalesce(
            try_cast(policies.policy_value as decimal(20, 12)) >= 0
            and try_cast(policies.policy_value as decimal(20, 12)) <= 1
            and try_cast(policies.policy_value as decimal(20, 12))
            = try_cast(policies.policy_value as decimal(9, 6)),
            false
        ) = false
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected stand_alone or relative.' as reason
    from policies
    where
        policies.policy_key = 'licence_support_allocation'
        and coalesce(
            policies.policy_value not in ('stand_alone', 'relative'), true
        )
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected true or false.' as reason
    from policies
    where
        policies.policy_key in ('customer_success_in_cor', 'crm_controls_only_report')
        and coalesce(policies.policy_value not in ('true', 'false'), true)
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected direct, step_down or reciprocal.' as reason
    from policies
    where
        policies.policy_key = 'allocation_method'
        and coalesce(
            policies.policy_value not in ('direct', 'step_down', 'reciprocal'), true
        )
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected an amount from 0 to 1000000000000 with at most 4 decimals.' as reason
    from policies
    where
        policies.policy_key = 'materiality_floor_amount'
        and coalesce(
            try_cast(policies.policy_value as decimal(24, 8)) >= 0
            and try_cast(policies.policy_value as decimal(24, 8)) <= 1000000000000
            and try_cast(policies.policy_value as decimal(24, 8))
            = try_cast(policies.policy_value as decimal(24, 4)),
            false
        ) = false
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected points from 0 to 1000000 with at most 6 decimals.' as reason
    from policies
    where
        policies.policy_key in ('mql_score', 'sql_score')
        and coalesce(
            try_cast(policies.policy_value as decimal(24, 8)) >= 0
            and try_cast(policies.policy_value as decimal(24, 8)) <= 1000000
            and try_cast(policies.policy_value as decimal(24, 8))
            = try_cast(policies.policy_value as decimal(18, 6)),
            false
        ) = false
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected first_year or monthly.' as reason
    from policies
    where
        policies.policy_key = 'crm_deal_amount'
        and coalesce(policies.policy_value not in ('first_year', 'monthly'), true)
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected the name of a benchmark of that margin in policy benchmarks, or'
        || ' nothing.' as reason
    from policies
    left join benchmarks
        on
            policies.policy_value = benchmarks.benchmark
            and policies.policy_key = 'margin_benchmark_' || benchmarks.margin
    where
        policies.policy_key in (
            'margin_benchmark_subscription', 'margin_benchmark_total'
        )
        and coalesce(policies.policy_value, '') <> ''
        and benchmarks.benchmark is null
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected complete_months or closed_periods.' as reason
    from policies
    where
        policies.policy_key = 'ledger_controls_from'
        and coalesce(
            policies.policy_value not in ('complete_months', 'closed_periods'), true
        )
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected the id of an accounting book.' as reason
    from policies
    where
        policies.policy_key = 'primary_accounting_book'
        and coalesce(trim(policies.policy_value), '') = ''
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected a whole number from '
        || cast(ranges.low as string)
        || ' to '
        || cast(ranges.high as string)
        || '.' as reason
    from policies
    inner join ranges
        on policies.policy_key = ranges.policy_key
    where
        not {{ is_whole_number('policies.policy_value', 'ranges.low', 'ranges.high') }}
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected an ISO 4217 currency code.' as reason
    from policies
    left join currencies
        on upper(policies.policy_value) = currencies.currency_code
    where
        (
            policies.policy_key = 'reporting_currency'
            or (
                policies.policy_key = 'crm_currency'
                and coalesce(policies.policy_value, '') <> ''
            )
        )
        and currencies.currency_code is null
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected an IANA time zone such as Europe/Berlin.' as reason
    from policies
    where
        policies.policy_key in ('reporting_time_zone', 'support_time_zone')
        and coalesce(policies.policy_value, '') = ''
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected points from 0 to 100 with at most 4 decimals.' as reason
    from policies
    where
        policies.policy_key in (
            'health_green_from', 'health_yellow_from', 'health_drop_points'
        )
        and coalesce(
            try_cast(policies.policy_value as decimal(20, 12)) >= 0
            and try_cast(policies.policy_value as decimal(20, 12)) <= 100
            and try_cast(policies.policy_value as decimal(20, 12))
            = try_cast(policies.policy_value as decimal(9, 4)),
            false
        ) = false
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected at least as many points as health_yellow_from.' as reason
    from policies
    inner join policies as yellow
        on yellow.policy_key = 'health_yellow_from'
    where
        policies.policy_key = 'health_green_from'
        and try_cast(policies.policy_value as decimal(20, 12))
        < try_cast(yellow.policy_value as decimal(20, 12))
    union all
    select
        policies.policy_key,
        policies.policy_value,
        'Expected a score of policy health_measures with weight.' as reason
    from policies
    left join health_scores
        on policies.policy_value = health_scores.score
    where
        policies.policy_key = 'health_score'
        and coalesce(health_scores.weight <= 0, true)
)

select
    'policy.metric_policies' as raw_table,
    policy_key as row_id,
    'policy_value' as column_name,
    coalesce(policy_value, 'NULL') as rejected_value,
    reason
from findings
