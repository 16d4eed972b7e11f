-- A definition set that cannot be read would decide by something that nobody chose.
with

policies as (

    select * from {{ ref('int_definition_policies') }}

),

company_rows as (

    select * from {{ ref('stg_policy__definition_sets') }}

),

default_rows as (

    select * from {{ ref('definition_sets') }}

),

known_keys as (

    select distinct policy_key from policies

),

expected as (

    select
        definition_set,
        policy_key,
        policy_value,
        case
            when
                policy_key = 'coupons'
                and policy_value not in ('recurring', 'forever', 'every', 'none')
                then 'Expected recurring, forever, every or none.'
            when
                policy_key = 'cancellation'
                and policy_value not in ('end_of_service', 'notice', 'billed_period')
                then 'Expected end_of_service, notice or billed_period.'
            when
                policy_key = 'past_due_churn_days'
                and policy_value not in ('', 'never')
                and not {{ is_whole_number('policy_value', 0, 36500) }}
                then 'Expected a whole number of days from 0 to 36500, or never.'
            when
                policy_key in (
                    'paused_service', 'late_renewals', 'trial_of_payer', 'metered_usage'
                )
                and policy_value not in ('counted', 'excluded')
                then 'Expected counted or excluded.'
            when
                policy_key = 'unpaid_service'
                and policy_value not in ('counted', 'counted_while_active', 'excluded')
                then 'Expected counted, counted_while_active or excluded.'
            when
                policy_key = 'first_payment'
                and policy_value not in ('not_needed', 'subscription', 'customer')
                then 'Expected not_needed, subscription or customer.'
            when
                policy_key in ('weeks_per_year', 'days_per_year')
                and coalesce(
                    try_cast(policy_value as decimal(20, 10)) > 0
                    and try_cast(policy_value as decimal(20, 10))
                    = try_cast(policy_value as decimal(7, 4)),
                    false
                ) = false
                then 'Expected a number above 0 with at most 4 decimals.'
            when
                policy_key = 'exchange_rate_day'
                and policy_value not in ('month_end', 'period_start', 'purchase')
                then 'Expected month_end, period_start or purchase.'
            when
                policy_key = 'churned_mrr'
                and policy_value not in ('churn', 'churn_and_contraction')
                then 'Expected churn or churn_and_contraction.'
            when
                policy_key in ('to_free', 'pause')
                and policy_value not in ('churn', 'contraction')
                then 'Expected churn or contraction.'
            when
                policy_key = 'logo_churn_base'
                and policy_value not in ('opening', 'opening_and_new')
                then 'Expected opening or opening_and_new.'
            when
                policy_key = 'churn_unit'
                and policy_value not in ('account', 'subscription')
                then 'Expected account or subscription.'
            when
                policy_key = 'nrr_window_months'
                and not {{ is_whole_number('policy_value', 1, 1200) }}
                then 'Expected a whole number of months from 1 to 1200.'
        end as reason
    from policies

),

findings as (

    select
        definition_set,
        policy_key,
        'policy_value' as column_name,
        policy_value as rejected_value,
        reason
    from expected
    where reason is not null
    union all
    select
        company_rows.definition_set,
        company_rows.policy_key,
        'policy_key' as column_name,
        company_rows.policy_key as rejected_value,
        'No definition set decides by this key.' as reason
    from company_rows
    left join known_keys
        on company_rows.policy_key = known_keys.policy_key
    where known_keys.policy_key is null
    union all
    select
        company_rows.definition_set,
        company_rows.policy_key,
        'policy_value' as column_name,
        company_rows.policy_value as rejected_value,
        'Our own definition is decided by metric_policies and the models.' as reason
    from company_rows
    inner join default_rows
        on
            company_rows.definition_set = default_rows.definition_set
            and company_rows.policy_key = default_rows.policy_key
    where
        company_rows.definition_set = 'tieout'
        and (company_rows.policy_value is distinct from default_rows.policy_value)
)

select
    'policy.definition_sets' as raw_table,
    definition_set || ': ' || policy_key as row_id,
    column_name,
    coalesce(rejected_value, 'NULL') as rejected_value,
    reason
from findings
