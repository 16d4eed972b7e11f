-- Grain: one row per definition set, subscription item and month that the set or we
-- count, or that falls into a pause.
-- An item that one side counts and the other does not differs as a whole, by one policy
-- (presence_policy_key, the first that decides). One that both count is valued by
-- coupons, then by the days of its interval, then by the day of its exchange rate; each
-- step keeps what it changed. So the parts of a difference add up by construction.
with

compared as (

    select * from {{ ref('int_item_months_compared') }}

),

definition_sets as (

    select * from {{ ref('int_definition_sets') }}

),

month_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

judged as (

    select
        definition_sets.definition_set,
        definition_sets.exchange_rate_day,
        definition_sets.coupons,
        case
            when definition_sets.churn_unit = 'subscription'
                then coalesce(compared.subscription_id, compared.account_id)
            else compared.account_id
        end as unit_id,
        {{ add_months('compared.month', 'definition_sets.nrr_window_months') }}
            as base_of_month,
        compared.*,
        -- Why the set leaves out what is served.
        case
            when definition_sets.trial_of_payer = 'excluded' and compared.is_in_trial
                then 'trial_of_payer'
            when
                definition_sets.first_payment = 'subscription'
                and not compared.has_subscription_paid
                then 'first_payment'
            when
                definition_sets.first_payment = 'customer'
                and not compared.has_customer_paid
                then 'first_payment'
            when
                definition_sets.cancellation = 'notice' and compared.is_notice_given
                then 'cancellation'
            when
                {{ add_days_to_timestamp(
                    'compared.past_due_from', 'definition_sets.past_due_churn_days'
                ) }} < compared.month_end_at
                then 'past_due_churn_days'
        end as exclusion_policy_key,
        -- Why the set counts a gap of service.
        case
            when
                compared.gap_type = 'ended'
                and definition_sets.cancellation = 'billed_period'
                then 'cancellation'
            when compared.gap_type = 'past_due' then 'past_due_churn_days'
            when
                compared.gap_type = 'paused'
                and definition_sets.paused_service = 'counted'
                then 'paused_service'
            when
                compared.gap_type = 'late' and definition_sets.late_renewals = 'counted'
                then 'late_renewals'
            when
                compared.gap_type = 'unpaid'
                and (
                    definition_sets.unpaid_service = 'counted'
                    or (
                        definition_sets.unpaid_service = 'counted_while_active'
                        and compared.subscription_status <> 'unpaid'
                    )
                )
                then 'unpaid_service'
        end as inclusion_policy_key,
        case compared.billing_interval
            when 'week' then definition_sets.weeks_per_year
            when 'day' then definition_sets.days_per_year
        end as intervals_per_year,
        case compared.billing_interval
            when 'week' then 52
            when 'day' then 365
        end as our_intervals_per_year
    from compared
    cross join definition_sets

),

counted as (

    select
        *,
        exclusion_policy_key is null
        and (gap_type is null or inclusion_policy_key is not null) as is_counted,
        case coupons
            when 'forever' then forever_mrr_amount_in_currency
            when 'every' then every_mrr_amount_in_currency
            when 'none' then gross_mrr_amount_in_currency
            else mrr_amount_in_currency
        end as mrr_by_coupons,
        case coupons
            when 'forever' then forever_arr_amount_in_currency
            when 'every' then every_arr_amount_in_currency
            when 'none' then gross_arr_amount_in_currency
            else arr_amount_in_currency
        end as arr_by_coupons,
        case exchange_rate_day
            when 'period_start' then statement_exchange_rate
            when 'purchase' then purchase_exchange_rate
            else exchange_rate
        end as set_exchange_rate,
        case exchange_rate_day
            when 'period_start' then next_statement_exchange_rate
            when 'purchase' then purchase_exchange_rate
            else next_exchange_rate
        end as next_set_exchange_rate
    from judged

),

normalised as (

    select
        *,
        case
            when intervals_per_year <> our_intervals_per_year
                then {{ round_quotient_to_mrr(
                    exact_integer('cast(arr_by_coupons as decimal(28, 4)) * 10000')
                    ~ ' * ' ~ exact_integer('intervals_per_year * 10000'),
                    '(12 * ' ~ exact_integer('our_intervals_per_year')
                    ~ ' * 100000000)'
                ) }}
            else mrr_by_coupons
        end as mrr_by_interval
    from counted
    where
        is_counted
        or our_mrr_amount <> 0
        or gap_type = 'paused'

),

converted as (

    select
        normalised.*,
        {{ convert_mrr('normalised.mrr_by_coupons', 'normalised.exchange_rate') }}
            as amount_by_coupons,
        {{ convert_mrr('normalised.mrr_by_interval', 'normalised.exchange_rate') }}
            as amount_by_interval,
        {{ convert_mrr('normalised.mrr_by_interval', 'normalised.set_exchange_rate') }}
            as amount_by_rate,
        {{ convert_mrr(
            'normalised.mrr_by_interval', 'normalised.next_set_exchange_rate'
        ) }} as revalued_amount,
        -- An item that keeps a rate of its own is compared at that rate.
        case
            when normalised.exchange_rate_day <> 'month_end'
                then
                    {{ convert_mrr(
                        'normalised.mrr_by_interval', 'normalised.set_exchange_rate'
                    ) }}
            else
                {{ convert_mrr(
                    'normalised.mrr_by_interval', 'base_rates.exchange_rate'
                ) }}
        end as base_amount
    from normalised
    left join month_rates as base_rates
        on
            normalised.currency_code = base_rates.currency_code
            and normalised.base_of_month = base_rates.month

),

final as (

    select
        definition_set,
        subscription_item_id,
        month,
        next_month,
        base_of_month,
        account_id,
        unit_id,
        is_counted,
        gap_type,
        our_mrr_amount,
        cast(case when is_counted then amount_by_rate else 0 end as decimal(18, 4))
            as mrr_amount,
        cast(case when is_counted then revalued_amount else 0 end as decimal(18, 4))
            as revalued_mrr_amount,
        cast(case when is_counted then base_amount else 0 end as decimal(18, 4))
            as base_mrr_amount,
        case
            when gap_type is null and not is_counted then exclusion_policy_key
            when gap_type is not null and is_counted then inclusion_policy_key
        end as presence_policy_key,
        cast(
            case
                when gap_type is null and not is_counted then -our_mrr_amount
                when gap_type is not null and is_counted then amount_by_rate
                else 0
            end as decimal(18, 4)
        ) as presence_amount,
        cast(
            case
                when gap_type is null and is_counted
                    then amount_by_coupons - our_mrr_amount
                else 0
            end as decimal(18, 4)
        ) as coupons_amount,
        case
            when our_intervals_per_year = 52 then 'weeks_per_year'
            else 'days_per_year'
        end as interval_policy_key,
        cast(
            case
                when gap_type is null and is_counted
                    then amount_by_interval - amount_by_coupons
                else 0
            end as decimal(18, 4)
        ) as interval_amount,
        cast(
            case
                when gap_type is null and is_counted
                    then amount_by_rate - amount_by_interval
                else 0
            end as decimal(18, 4)
        ) as exchange_rate_amount
    from converted

)

select * from final
