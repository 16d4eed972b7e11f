-- Grain: one row per month.
with

account_months as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

events as (

    select * from {{ ref('fct_mrr_events') }}

),

months as (

    select * from {{ ref('int_months') }}

),

movements as (

    select
        month,
        sum(opening_mrr_amount) as opening_mrr_amount,
        sum(new_amount) as new_amount,
        sum(reactivation_amount) as reactivation_amount,
        sum(expansion_amount) as expansion_amount,
        sum(contraction_amount) as contraction_amount,
        sum(churn_amount) as churn_amount,
        sum(case when movement_subtype = 'voluntary' then churn_amount else 0 end)
            as voluntary_churn_amount,
        sum(case when movement_subtype = 'involuntary' then churn_amount else 0 end)
            as involuntary_churn_amount,
        sum(case when movement_subtype = 'pause' then churn_amount else 0 end)
            as pause_churn_amount,
        sum(case when movement_subtype = 'to_free' then churn_amount else 0 end)
            as to_free_churn_amount,
        sum(fx_amount) as fx_amount,
        sum(closing_mrr_amount) as closing_mrr_amount,
        sum(gross_mrr_amount) as gross_mrr_amount,
        sum(discount_mrr_amount) as discount_mrr_amount,
        sum(usage_mrr_amount) as usage_mrr_amount,
        sum(mrr_past_due_amount) as mrr_past_due_amount,
        sum(mrr_at_risk_amount) as mrr_at_risk_amount,
        sum(cmrr_amount) as cmrr_amount,
        -- One account without a rate leaves the total without a value.
        case
            when count(*) = count(constant_currency_mrr_amount)
                then sum(constant_currency_mrr_amount)
        end as constant_currency_mrr_amount,
        sum(arr_amount) as arr_amount,
        sum(case when opening_mrr_amount > 0 then 1 else 0 end)
            as opening_account_count,
        sum(case when movement_type = 'new' then 1 else 0 end) as new_account_count,
        sum(case when movement_type = 'reactivation' then 1 else 0 end)
            as reactivation_account_count,
        sum(case when movement_type = 'expansion' then 1 else 0 end)
            as expansion_account_count,
        sum(case when movement_type = 'contraction' then 1 else 0 end)
            as contraction_account_count,
        sum(case when movement_type = 'churn' then 1 else 0 end) as churn_account_count,
        sum(case when closing_mrr_amount > 0 then 1 else 0 end) as closing_account_count
    from account_months
    group by month

),

account_instants as (

    select
        account_id,
        changed_at,
        {{ month_of('min(event_date)') }} as month,
        sum(change_amount_in_currency) as change_amount
    from events
    group by account_id, changed_at

),

-- No currency is ever below 0, so that their plain sum is 0 exactly when all are.
account_balances as (

    select
        account_id,
        changed_at,
        month,
        change_amount,
        sum(change_amount) over (
            partition by account_id
            order by changed_at
            rows between unbounded preceding and current row
        ) as balance_after
    from account_instants

),

starts_and_ends as (

    select
        account_id,
        changed_at,
        month,
        balance_after
    from account_balances
    where
        balance_after = 0
        or balance_after = change_amount

),

ends_with_start as (

    select
        month,
        balance_after,
        lag(month) over (
            partition by account_id
            order by changed_at
        ) as start_month
    from starts_and_ends

),

-- A start and an end between two month-ends, which the month fact does not see.
intra_month_churns as (

    select
        month,
        count(*) as intra_month_churn_count
    from ends_with_start
    where
        balance_after = 0
        and start_month = month
    group by month

),

final as (

    select
        months.month,
        cast(coalesce(movements.opening_mrr_amount, 0) as decimal(18, 4))
            as opening_mrr_amount,
        cast(coalesce(movements.new_amount, 0) as decimal(18, 4)) as new_amount,
        cast(coalesce(movements.reactivation_amount, 0) as decimal(18, 4))
            as reactivation_amount,
        cast(coalesce(movements.expansion_amount, 0) as decimal(18, 4))
            as expansion_amount,
        cast(coalesce(movements.contraction_amount, 0) as decimal(18, 4))
            as contraction_amount,
        cast(coalesce(movements.churn_amount, 0) as decimal(18, 4)) as churn_amount,
        cast(coalesce(movements.voluntary_churn_amount, 0) as decimal(18, 4))
            as voluntary_churn_amount,
        cast(coalesce(movements.involuntary_churn_amount, 0) as decimal(18, 4))
            as involuntary_churn_amount,
        cast(coalesce(movements.pause_churn_amount, 0) as decimal(18, 4))
            as pause_churn_amount,
        cast(coalesce(movements.to_free_churn_amount, 0) as decimal(18, 4))
            as to_free_churn_amount,
        cast(coalesce(movements.fx_amount, 0) as decimal(18, 4)) as fx_amount,
        cast(coalesce(movements.closing_mrr_amount, 0) as decimal(18, 4))
            as closing_mrr_amount,
        cast(coalesce(movements.gross_mrr_amount, 0) as decimal(18, 4))
            as gross_mrr_amount,
        cast(coalesce(movements.discount_mrr_amount, 0) as decimal(18, 4))
            as discount_mrr_amount,
        cast(movements.usage_mrr_amount as decimal(18, 4)) as usage_mrr_amount,
        cast(coalesce(movements.mrr_past_due_amount, 0) as decimal(18, 4))
            as mrr_past_due_amount,
        cast(coalesce(movements.mrr_at_risk_amount, 0) as decimal(18, 4))
            as mrr_at_risk_amount,
        cast(coalesce(movements.cmrr_amount, 0) as decimal(18, 4)) as cmrr_amount,
        cast(
            case
                when movements.month is null then 0
                else movements.constant_currency_mrr_amount
            end as decimal(18, 4)
        ) as constant_currency_mrr_amount,
        cast(coalesce(movements.arr_amount, 0) as decimal(18, 4)) as arr_amount,
        case
            when movements.closing_account_count > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('movements.closing_mrr_amount * 10000'),
                    '(10000 * ' ~ exact_integer('movements.closing_account_count') ~ ')'
                ) }}
        end as arpa_amount,
        cast(coalesce(movements.opening_account_count, 0) as integer)
            as opening_account_count,
        cast(coalesce(movements.new_account_count, 0) as integer) as new_account_count,
        cast(coalesce(movements.reactivation_account_count, 0) as integer)
            as reactivation_account_count,
        cast(coalesce(movements.expansion_account_count, 0) as integer)
            as expansion_account_count,
        cast(coalesce(movements.contraction_account_count, 0) as integer)
            as contraction_account_count,
        cast(coalesce(movements.churn_account_count, 0) as integer)
            as churn_account_count,
        cast(coalesce(movements.closing_account_count, 0) as integer)
            as closing_account_count,
        cast(coalesce(intra_month_churns.intra_month_churn_count, 0) as integer)
            as intra_month_churn_count,
        months.is_complete_month
    from months
    left join movements
        on months.month = movements.month
    left join intra_month_churns
        on months.month = intra_month_churns.month

)

select * from final
