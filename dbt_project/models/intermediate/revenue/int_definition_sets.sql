-- Grain: one row per definition set: each of its policies as a value.
with

policies as (

    select * from {{ ref('int_definition_policies') }}

),

final as (

    select
        definition_set,
        max(case when policy_key = 'coupons' then policy_value end) as coupons,
        max(case when policy_key = 'cancellation' then policy_value end)
            as cancellation,
        -- Empty or `never`: NULL. What cannot be read stops publication elsewhere.
        max(
            case
                when policy_key = 'past_due_churn_days'
                    then try_cast(policy_value as integer)
            end
        ) as past_due_churn_days,
        max(case when policy_key = 'paused_service' then policy_value end)
            as paused_service,
        max(case when policy_key = 'late_renewals' then policy_value end)
            as late_renewals,
        max(case when policy_key = 'unpaid_service' then policy_value end)
            as unpaid_service,
        max(case when policy_key = 'first_payment' then policy_value end)
            as first_payment,
        max(case when policy_key = 'trial_of_payer' then policy_value end)
            as trial_of_payer,
        max(case when policy_key = 'metered_usage' then policy_value end)
            as metered_usage,
        max(
            case
                when policy_key = 'weeks_per_year'
                    then try_cast(policy_value as decimal(7, 4))
            end
        ) as weeks_per_year,
        max(
            case
                when policy_key = 'days_per_year'
                    then try_cast(policy_value as decimal(7, 4))
            end
        ) as days_per_year,
        max(case when policy_key = 'exchange_rate_day' then policy_value end)
            as exchange_rate_day,
        max(case when policy_key = 'churned_mrr' then policy_value end) as churned_mrr,
        max(case when policy_key = 'to_free' then policy_value end) as to_free,
        max(case when policy_key = 'pause' then policy_value end) as pause,
        max(case when policy_key = 'logo_churn_base' then policy_value end)
            as logo_churn_base,
        max(case when policy_key = 'churn_unit' then policy_value end) as churn_unit,
        max(
            case
                when policy_key = 'nrr_window_months'
                    then try_cast(policy_value as integer)
            end
        ) as nrr_window_months
    from policies
    group by definition_set

)

select * from final
