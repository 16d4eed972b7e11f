-- An account stands in one country, one region and one segment of every other type that
-- it is of as a whole, also where it moves from one to another: their counts sum to the
-- company's. A returned row shows by how much they are off.
with

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

segment_sums as (

    select
        segment_type,
        month,
        sum(opening_account_count) as opening_account_count,
        sum(new_account_count) as new_account_count,
        sum(reactivation_account_count) as reactivation_account_count,
        sum(expansion_account_count) as expansion_account_count,
        sum(contraction_account_count) as contraction_account_count,
        sum(churn_account_count) as churn_account_count,
        sum(closing_account_count) as closing_account_count,
        sum(intra_month_churn_count) as intra_month_churn_count
    from {{ ref('fct_mrr_bridge_by_segment_month') }}
    where {{ is_of_the_account('segment_type') }}
    group by segment_type, month

),

differences as (

    select
        segment_sums.segment_type,
        bridge.month,
        segment_sums.opening_account_count - bridge.opening_account_count
            as opening_account_count,
        segment_sums.new_account_count - bridge.new_account_count as new_account_count,
        segment_sums.reactivation_account_count - bridge.reactivation_account_count
            as reactivation_account_count,
        segment_sums.expansion_account_count - bridge.expansion_account_count
            as expansion_account_count,
        segment_sums.contraction_account_count - bridge.contraction_account_count
            as contraction_account_count,
        segment_sums.churn_account_count - bridge.churn_account_count
            as churn_account_count,
        segment_sums.closing_account_count - bridge.closing_account_count
            as closing_account_count,
        segment_sums.intra_month_churn_count - bridge.intra_month_churn_count
            as intra_month_churn_count
    from segment_sums
    inner join bridge
        on segment_sums.month = bridge.month

)

select *
from differences
where
    opening_account_count <> 0
    or new_account_count <> 0
    or reactivation_account_count <> 0
    or expansion_account_count <> 0
    or contraction_account_count <> 0
    or churn_account_count <> 0
    or closing_account_count <> 0
    or intra_month_churn_count <> 0
