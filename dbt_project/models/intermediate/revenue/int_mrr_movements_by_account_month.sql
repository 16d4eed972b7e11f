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
        {{ sum_mrr('closing') }} as closing
    from balances
    group by account_id, month

),

with_history as (

    select
        *,
        min(case when closing > 0 then month end) over (
            partition by account_id
        ) as cohort_month,
        -- The last month-end with MRR before this one.
        max(case when closing > 0 then month end) over (
            partition by account_id
            order by month
            rows between unbounded preceding and 1 preceding
        ) as previous_paid_month
    from account_balances

),

initial_balances as (

    select
        account_id,
        closing as initial_mrr
    from with_history
    where month = cohort_month

),

final as (

    select
        with_history.account_id,
        with_history.month,
        with_history.cohort_month,
        initial_balances.initial_mrr,
        with_history.opening,
        with_history.revalued_opening,
        with_history.closing,
        {{ movement_type(
            'with_history.opening',
            'with_history.revalued_opening',
            'with_history.closing',
            'with_history.month > with_history.cohort_month'
        ) }} as movement_type,
        case
            when
                with_history.opening = 0
                and with_history.closing > 0
                and with_history.month > with_history.cohort_month
                then
                    cast(
                        {{ months_between_first_days(
                            'with_history.previous_paid_month', 'with_history.month'
                        ) }} - 1 as integer
                    )
        end as gap_months
    from with_history
    left join initial_balances
        on with_history.account_id = initial_balances.account_id

)

select * from final
