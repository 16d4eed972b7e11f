-- Grain: one row per account and month with an opening or a closing.
-- The account's class, decided on its organic change in total, all currencies and items
-- netted. Definitions 2.
with

balances as (

    select * from {{ ref('int_mrr_balances_by_account_currency_month') }}

),

account_balances as (

    select
        account_id,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('arr') }} as arr
    from balances
    group by account_id, month

),

with_history as (

    select
        *,
        min(case when closing > 0 then month end) over (
            partition by account_id
        ) as cohort_month,
        lag(month) over (
            partition by account_id
            order by month
        ) as previous_month
    from account_balances

),

final as (

    select
        account_id,
        month,
        cohort_month,
        opening,
        revalued_opening,
        closing,
        arr,
        {{ movement_type(
            'opening', 'revalued_opening', 'closing', 'month > cohort_month'
        ) }} as movement_type,
        -- The row before a reactivation is the month of the churn, the first month-end
        -- without MRR.
        case
            when opening = 0 and closing > 0 and month > cohort_month
                then
                    cast(
                        {{ months_between_first_days('previous_month', 'month') }}
                        as integer
                    )
        end as gap_months
    from with_history

)

select * from final
