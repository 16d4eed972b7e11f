-- Every numerator and denominator of the company's ratios is the sum over the segments
-- of every type that an account is of as a whole, 'unknown' included: over the countries,
-- over the sizes and so on, whoever has moved since. A returned row shows by how much
-- that sum is off.
with

metrics as (

    select * from {{ ref('fct_subscription_metrics_by_month') }}

),

segment_types as (

    {%- for segment_type in account_segment_types().split() %}
    select '{{ segment_type }}' as segment_type
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

segment_sums as (

    select
        segment_type,
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
    group by segment_type, month

),

differences as (

    select
        segment_types.segment_type,
        metrics.month,
        coalesce(segment_sums.nrr_account_count, 0) - metrics.nrr_account_count
            as nrr_account_count,
        coalesce(segment_sums.nrr_numerator_amount, 0) - metrics.nrr_numerator_amount
            as nrr_numerator_amount,
        coalesce(segment_sums.nrr_denominator_amount, 0)
        - metrics.nrr_denominator_amount as nrr_denominator_amount,
        coalesce(segment_sums.grr_numerator_amount, 0) - metrics.grr_numerator_amount
            as grr_numerator_amount,
        coalesce(segment_sums.revalued_opening_mrr_amount, 0)
        - metrics.revalued_opening_mrr_amount as revalued_opening_mrr_amount,
        coalesce(segment_sums.nrr_flow_numerator_amount, 0)
        - metrics.nrr_flow_numerator_amount as nrr_flow_numerator_amount,
        coalesce(segment_sums.grr_flow_numerator_amount, 0)
        - metrics.grr_flow_numerator_amount as grr_flow_numerator_amount,
        coalesce(segment_sums.opening_account_count, 0) - metrics.opening_account_count
            as opening_account_count,
        coalesce(segment_sums.churn_account_count, 0) - metrics.churn_account_count
            as churn_account_count,
        coalesce(segment_sums.gross_mrr_churn_numerator_amount, 0)
        - metrics.gross_mrr_churn_numerator_amount as gross_mrr_churn_numerator_amount,
        coalesce(segment_sums.net_mrr_churn_numerator_amount, 0)
        - metrics.net_mrr_churn_numerator_amount as net_mrr_churn_numerator_amount,
        coalesce(segment_sums.quick_ratio_numerator_amount, 0)
        - metrics.quick_ratio_numerator_amount as quick_ratio_numerator_amount,
        coalesce(segment_sums.quick_ratio_strict_numerator_amount, 0)
        - metrics.quick_ratio_strict_numerator_amount
            as quick_ratio_strict_numerator_amount,
        coalesce(segment_sums.quick_ratio_denominator_amount, 0)
        - metrics.quick_ratio_denominator_amount as quick_ratio_denominator_amount
    from metrics
    cross join segment_types
    left join segment_sums
        on
            metrics.month = segment_sums.month
            and segment_types.segment_type = segment_sums.segment_type

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
