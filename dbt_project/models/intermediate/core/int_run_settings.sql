-- Grain: one row.
-- What the whole run shares: the data clock or the operator's as-of, and the policies
-- that models read as values.
with

build_parameters as (

    select * from {{ ref('stg_control__build_parameters') }}

),

data_clock as (

    select * from {{ ref('int_data_clock') }}

),

policies as (

    select
        max(case when policy_key = 'reporting_currency' then upper(policy_value) end)
            as reporting_currency_code,
        max(case when policy_key = 'reporting_time_zone' then policy_value end)
            as reporting_time_zone,
        max(
            case
                when
                    policy_key = 'renewal_grace_days'
                    then cast(policy_value as integer)
            end
        ) as renewal_grace_days,
        max(
            case
                when
                    policy_key = 'fx_rate_max_age_days'
                    then cast(policy_value as integer)
            end
        ) as fx_rate_max_age_days,
        -- Empty: however long an invoice is past due, its service counts.
        max(
            case
                when
                    policy_key = 'past_due_churn_days' and policy_value <> ''
                    then cast(policy_value as integer)
            end
        ) as past_due_churn_days,
        max(
            case
                when
                    policy_key = 'fiscal_year_start_month'
                    then cast(policy_value as integer)
            end
        ) as fiscal_year_start_month,
        max(case when policy_key = 'proration_coupons' then policy_value end)
            as proration_coupons,
        max(
            case
                when
                    policy_key = 'retention_fit_minimum_accounts'
                    then cast(policy_value as integer)
            end
        ) as retention_fit_minimum_accounts,
        max(case when policy_key = 'primary_accounting_book' then policy_value end)
            as primary_accounting_book_id,
        max(case when policy_key = 'ledger_controls_from' then policy_value end)
            as ledger_controls_from,
        -- Names of controls, separated by blanks.
        coalesce(
            max(
                case when policy_key = 'controls_that_only_report' then policy_value end
            ),
            ''
        ) as controls_that_only_report,
        max(
            case
                when
                    policy_key = 'licence_support_share'
                    then cast(policy_value as decimal(9, 6))
            end
        ) as licence_support_share,
        max(case when policy_key = 'licence_support_allocation' then policy_value end)
            as licence_support_allocation,
        coalesce(
            max(case when policy_key = 'customer_success_in_cor' then policy_value end)
            = 'true',
            false
        ) as is_customer_success_in_cor,
        max(case when policy_key = 'allocation_method' then policy_value end)
            as allocation_method,
        max(
            case
                when
                    policy_key = 'materiality_floor_amount'
                    then cast(policy_value as decimal(24, 4))
            end
        ) as materiality_floor_amount,
        max(
            case
                when
                    policy_key = 'materiality_revenue_share'
                    then cast(policy_value as decimal(9, 6))
            end
        ) as materiality_revenue_share,
        max(
            case
                when
                    policy_key = 'materiality_growth_months'
                    then cast(policy_value as integer)
            end
        ) as materiality_growth_months,
        max(
            case
                when
                    policy_key = 'margin_review_points'
                    then cast(policy_value as decimal(9, 6))
            end
        ) as margin_review_points,
        max(
            case
                when
                    policy_key = 'allocation_account_rows_limit'
                    then cast(policy_value as bigint)
            end
        ) as allocation_account_rows_limit,
        max(
            case
                when
                    policy_key = 'cac_lag_months'
                    then cast(policy_value as integer)
            end
        ) as cac_lag_months,
        max(
            case
                when
                    policy_key = 'clv_cap_months'
                    then cast(policy_value as integer)
            end
        ) as clv_cap_months,
        max(
            case
                when
                    policy_key = 'mql_score'
                    then cast(policy_value as decimal(18, 6))
            end
        ) as mql_score,
        max(
            case
                when
                    policy_key = 'sql_score'
                    then cast(policy_value as decimal(18, 6))
            end
        ) as sql_score,
        -- Paths, separated by blanks.
        coalesce(
            max(case when policy_key = 'pricing_pages' then policy_value end), ''
        ) as pricing_pages,
        -- Empty: the CRM is kept in the reporting currency.
        max(
            case
                when
                    policy_key = 'crm_currency' and policy_value <> ''
                    then upper(policy_value)
            end
        ) as crm_currency_code,
        max(
            case
                when
                    policy_key = 'crm_billing_tolerance_days'
                    then cast(policy_value as integer)
            end
        ) as crm_billing_tolerance_days,
        max(case when policy_key = 'crm_deal_amount' then policy_value end)
            as crm_deal_amount,
        max(case when policy_key = 'crm_controls_only_report' then policy_value end)
        = 'true' as is_crm_only_reported,
        max(
            case
                when
                    policy_key = 'sme_below_employees'
                    then cast(policy_value as integer)
            end
        ) as sme_below_employees,
        max(
            case
                when
                    policy_key = 'forecast_years'
                    then cast(policy_value as integer)
            end
        ) as forecast_years,
        -- Empty: the margin is held against nothing.
        max(
            case
                when
                    policy_key = 'margin_benchmark_subscription' and policy_value <> ''
                    then policy_value
            end
        ) as margin_benchmark_subscription,
        max(
            case
                when
                    policy_key = 'margin_benchmark_total' and policy_value <> ''
                    then policy_value
            end
        ) as margin_benchmark_total,
        max(case when policy_key = 'support_time_zone' then policy_value end)
            as support_time_zone,
        max(
            case
                when
                    policy_key = 'first_reply_minutes'
                    then cast(policy_value as integer)
            end
        ) as first_reply_minutes,
        max(case when policy_key = 'health_score' then policy_value end)
            as health_score,
        max(
            case
                when
                    policy_key = 'health_green_from'
                    then cast(policy_value as decimal(9, 4))
            end
        ) as health_green_from,
        max(
            case
                when
                    policy_key = 'health_yellow_from'
                    then cast(policy_value as decimal(9, 4))
            end
        ) as health_yellow_from,
        max(
            case
                when
                    policy_key = 'health_drop_points'
                    then cast(policy_value as decimal(9, 4))
            end
        ) as health_drop_points,
        max(
            case
                when
                    policy_key = 'health_drop_days'
                    then cast(policy_value as integer)
            end
        ) as health_drop_days,
        max(
            case
                when
                    policy_key = 'health_minimum_coverage'
                    then cast(policy_value as decimal(9, 6))
            end
        ) as health_minimum_coverage,
        max(
            case
                when
                    policy_key = 'health_coverage_alert_fall'
                    then cast(policy_value as decimal(9, 6))
            end
        ) as health_coverage_alert_fall,
        max(
            case
                when
                    policy_key = 'nps_period_months'
                    then cast(policy_value as integer)
            end
        ) as nps_period_months,
        max(
            case
                when
                    policy_key = 'money_back_days'
                    then cast(policy_value as integer)
            end
        ) as money_back_days,
        max(
            case
                when
                    policy_key = 'support_included_months'
                    then cast(policy_value as integer)
            end
        ) as support_included_months
    from {{ ref('int_policies') }}

),

clocked as (

    select
        policies.reporting_currency_code,
        policies.reporting_time_zone,
        policies.renewal_grace_days,
        policies.fx_rate_max_age_days,
        policies.past_due_churn_days,
        policies.fiscal_year_start_month,
        policies.proration_coupons,
        policies.retention_fit_minimum_accounts,
        policies.primary_accounting_book_id,
        policies.ledger_controls_from,
        policies.controls_that_only_report,
        policies.licence_support_share,
        policies.licence_support_allocation,
        policies.is_customer_success_in_cor,
        policies.allocation_method,
        policies.materiality_floor_amount,
        policies.materiality_revenue_share,
        policies.materiality_growth_months,
        policies.margin_review_points,
        policies.allocation_account_rows_limit,
        policies.cac_lag_months,
        policies.clv_cap_months,
        policies.mql_score,
        policies.sql_score,
        policies.pricing_pages,
        policies.crm_billing_tolerance_days,
        policies.crm_deal_amount,
        policies.is_crm_only_reported,
        coalesce(policies.crm_currency_code, policies.reporting_currency_code)
            as crm_currency_code,
        policies.sme_below_employees,
        policies.forecast_years,
        policies.margin_benchmark_subscription,
        policies.margin_benchmark_total,
        policies.support_time_zone,
        policies.first_reply_minutes,
        policies.health_score,
        policies.health_green_from,
        policies.health_yellow_from,
        policies.health_drop_points,
        policies.health_drop_days,
        policies.health_minimum_coverage,
        policies.health_coverage_alert_fall,
        policies.nps_period_months,
        policies.money_back_days,
        policies.support_included_months,
        build_parameters.as_of_date is not null as is_as_of_given,
        data_clock.data_clock_at,
        -- A given date stands for the end of that day, which is the first instant of
        -- the next.
        case
            when build_parameters.as_of_date is null then data_clock.data_clock_at
            else {{ utc_timestamp(
                add_days('build_parameters.as_of_date', 1),
                'policies.reporting_time_zone'
            ) }}
        end as as_of_at,
        coalesce(
            build_parameters.as_of_date,
            cast(
                {{ local_timestamp(
                    'data_clock.data_clock_at', 'policies.reporting_time_zone'
                ) }} as date
            )
        ) as as_of_date
    from build_parameters
    cross join data_clock
    cross join policies

),

final as (

    select
        *,
        -- The first day of the fiscal year that the as-of lies in.
        {{ add_months(
            month_of('as_of_date'),
            '-cast((extract(month from as_of_date) - fiscal_year_start_month + 12) % 12'
            ~ ' as integer)'
        ) }} as fiscal_year_start_date
    from clocked

)

select * from final
