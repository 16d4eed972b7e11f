-- Every numerator and denominator of the company's ratios is the sum over the channels
-- by which accounts were won: of all that an account is of, that alone never changes,
-- so that what it pays now stands where it paid a year ago. A returned row shows by how
-- much that sum is off.
with

metrics as (

    select * from {{ ref('fct_subscription_metrics_by_month') }}

),

channel_sums as (

    select
        month,
        sum(nrr_account_count) as nrr_account_count,
        sum(nrr_numerator_amount) as nrr_numerator_amount,
        sum(nrr_denominator_amount) as nrr_denominator_amount,
        sum(grr_numerator_amount) as grr_numerator_amount,
        sum(revalued_opening_mrr_amount) as revalued_opening_mrr_amount,
        sum(nrr_flow_numerator_amount) as nrr_flow_numerator_amount,
        sum(grr_flow_numerator_amount) as grr_flow_numerator_amount,
        sum(opening_account_count) as opening_account_count,
        sum(churn_account_count) as churn_account_count,
        sum(gross_mrr_churn_numerator_amount) as gross_mrr_churn_numerator_amount,
        sum(net_mrr_churn_numerator_amount) as net_mrr_churn_numerator_amount,
        sum(quick_ratio_numerator_amount) as quick_ratio_numerator_amount,
        sum(quick_ratio_strict_numerator_amount) as quick_ratio_strict_numerator_amount,
        sum(quick_ratio_denominator_amount) as quick_ratio_denominator_amount
    from {{ ref('fct_subscription_metrics_by_segment_month') }}
    where segment_type = 'acquisition_channel'
    group by month

),

differences as (

    select
        metrics.month,
        coalesce(channel_sums.nrr_account_count, 0) - metrics.nrr_account_count
            as nrr_account_count,
        coalesce(channel_sums.nrr_numerator_amount, 0) - metrics.nrr_numerator_amount
            as nrr_numerator_amount,
        coalesce(channel_sums.nrr_denominator_amount, 0)
        - metrics.nrr_denominator_amount as nrr_denominator_amount,
        coalesce(channel_sums.grr_numerator_amount, 0) - metrics.grr_numerator_amount
            as grr_numerator_amount,
        coalesce(channel_sums.revalued_opening_mrr_amount, 0)
        - metrics.revalued_opening_mrr_amount as revalued_opening_mrr_amount,
        coalesce(channel_sums.nrr_flow_numerator_amount, 0)
        - metrics.nrr_flow_numerator_amount as nrr_flow_numerator_amount,
        coalesce(channel_sums.grr_flow_numerator_amount, 0)
        - metrics.grr_flow_numerator_amount as grr_flow_numerator_amount,
        coalesce(channel_sums.opening_account_count, 0) - metrics.opening_account_count
            as opening_account_count,
        coalesce(channel_sums.churn_account_count, 0) - metrics.churn_account_count
            as churn_account_count,
        coalesce(channel_sums.gross_mrr_churn_numerator_amount, 0)
        - metrics.gross_mrr_churn_numerator_amount as gross_mrr_churn_numerator_amount,
        coalesce(channel_sums.net_mrr_churn_numerator_amount, 0)
        - metrics.net_mrr_churn_numerator_amount as net_mrr_churn_numerator_amount,
        coalesce(channel_sums.quick_ratio_numerator_amount, 0)
        - metrics.quick_ratio_numerator_amount as quick_ratio_numerator_amount,
        coalesce(channel_sums.quick_ratio_strict_numerator_amount, 0)
        - metrics.quick_ratio_strict_numerator_amount
            as quick_ratio_strict_numerator_amount,
        coalesce(channel_sums.quick_ratio_denominator_amount, 0)
        - metrics.quick_ratio_denominator_amount as quick_ratio_denominator_amount
    from metrics
    left join channel_sums
        on metrics.month = channel_sums.month

)

select *
from differences
where
    nrr_account_count <> 0
    or nrr_numerator_amount <> 0
    or nrr_denominator_amount <> 0
    or grr_numerator_amount <> 0
    or revalued_opening_mrr_amount <> 0
    or nrr_flow_numerator_amount <> 0
    or grr_flow_numerator_amount <> 0
    or opening_account_count <> 0
    or churn_account_count <> 0
    or gross_mrr_churn_numerator_amount <> 0
    or net_mrr_churn_numerator_amount <> 0
    or quick_ratio_numerator_amount <> 0
    or quick_ratio_strict_numerator_amount <> 0
    or quick_ratio_denominator_amount <> 0
