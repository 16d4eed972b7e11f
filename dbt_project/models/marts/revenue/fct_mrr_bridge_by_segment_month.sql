-- Grain: one row per segment type, segment and month in which any MRR or intra-month
-- churn was there.
with

segment_balances as (

    select * from {{ ref('int_mrr_by_segment_account_month') }}

),

segment_movements as (

    select * from {{ ref('int_mrr_movements_by_segment_account_month') }}

),

intra_month_churns as (

    select * from {{ ref('int_intra_month_churns_by_segment_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

balances as (

    select
        segment_type,
        segment,
        month,
        sum(opening) as opening_mrr_amount,
        sum(revalued_opening) - sum(opening) as fx_amount,
        sum(closing) as closing_mrr_amount,
        sum(arr) as arr_amount,
        sum(case when opening > 0 then 1 else 0 end) as opening_account_count,
        sum(case when closing > 0 then 1 else 0 end) as closing_account_count
    from segment_balances
    -- A row may be there for a closing of a year ago alone.
    where opening + revalued_opening + closing + arr > 0
    group by segment_type, segment, month

),

movements as (

    select
        segment_type,
        segment,
        month,
        sum(new_amount) as new_amount,
        sum(reactivation_amount) as reactivation_amount,
        sum(expansion_amount) as expansion_amount,
        sum(contraction_amount) as contraction_amount,
        sum(churn_amount) as churn_amount,
        sum(transfer_in_amount) as transfer_in_amount,
        sum(transfer_out_amount) as transfer_out_amount,
        sum(case when new_amount > 0 then 1 else 0 end) as new_account_count,
        sum(case when reactivation_amount > 0 then 1 else 0 end)
            as reactivation_account_count,
        sum(case when expansion_amount > 0 then 1 else 0 end)
            as expansion_account_count,
        sum(case when contraction_amount > 0 then 1 else 0 end)
            as contraction_account_count,
        sum(case when churn_amount > 0 then 1 else 0 end) as churn_account_count,
        sum(case when transfer_in_amount > 0 then 1 else 0 end)
            as transfer_in_account_count,
        sum(case when transfer_out_amount > 0 then 1 else 0 end)
            as transfer_out_account_count
    from segment_movements
    group by segment_type, segment, month

),

segment_months as (

    select
        segment_type,
        segment,
        month
    from balances
    union
    select
        segment_type,
        segment,
        month
    from intra_month_churns

),

final as (

    select
        segment_months.segment_type,
        segment_months.segment,
        segment_months.month,
        cast(coalesce(balances.opening_mrr_amount, 0) as decimal(18, 4))
            as opening_mrr_amount,
        cast(coalesce(movements.new_amount, 0) as decimal(18, 4)) as new_amount,
        cast(coalesce(movements.reactivation_amount, 0) as decimal(18, 4))
            as reactivation_amount,
        cast(coalesce(movements.expansion_amount, 0) as decimal(18, 4))
            as expansion_amount,
        cast(coalesce(movements.contraction_amount, 0) as decimal(18, 4))
            as contraction_amount,
        cast(coalesce(movements.churn_amount, 0) as decimal(18, 4)) as churn_amount,
        cast(coalesce(movements.transfer_in_amount, 0) as decimal(18, 4))
            as transfer_in_amount,
        cast(coalesce(movements.transfer_out_amount, 0) as decimal(18, 4))
            as transfer_out_amount,
        cast(coalesce(balances.fx_amount, 0) as decimal(18, 4)) as fx_amount,
        cast(coalesce(balances.closing_mrr_amount, 0) as decimal(18, 4))
            as closing_mrr_amount,
        cast(coalesce(balances.arr_amount, 0) as decimal(18, 4)) as arr_amount,
        case
            when balances.closing_account_count > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('balances.closing_mrr_amount * 10000'),
                    '(10000 * ' ~ exact_integer('balances.closing_account_count') ~ ')'
                ) }}
        end as arpa_amount,
        cast(coalesce(balances.opening_account_count, 0) as integer)
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
        cast(coalesce(movements.transfer_in_account_count, 0) as integer)
            as transfer_in_account_count,
        cast(coalesce(movements.transfer_out_account_count, 0) as integer)
            as transfer_out_account_count,
        cast(coalesce(balances.closing_account_count, 0) as integer)
            as closing_account_count,
        cast(coalesce(intra_month_churns.intra_month_churn_count, 0) as integer)
            as intra_month_churn_count,
        months.is_complete_month
    from segment_months
    inner join months
        on segment_months.month = months.month
    left join balances
        on
            segment_months.segment_type = balances.segment_type
            and segment_months.segment = balances.segment
            and segment_months.month = balances.month
    left join movements
        on
            segment_months.segment_type = movements.segment_type
            and segment_months.segment = movements.segment
            and segment_months.month = movements.month
    left join intra_month_churns
        on
            segment_months.segment_type = intra_month_churns.segment_type
            and segment_months.segment = intra_month_churns.segment
            and segment_months.month = intra_month_churns.month

)

select * from final
