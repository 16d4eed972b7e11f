-- Whatever a segment type divides MRR by, its segments sum to the whole: opening, every
-- class, exchange rates and closing; and what is transferred out of one comes into
-- another. A returned row shows by how much the segments' sum is off.
with

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

segment_types as (

    {%- for segment_type in segment_types().split() %}
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
        sum(opening_mrr_amount) as opening_mrr_amount,
        sum(new_amount) as new_amount,
        sum(reactivation_amount) as reactivation_amount,
        sum(expansion_amount) as expansion_amount,
        sum(contraction_amount) as contraction_amount,
        sum(churn_amount) as churn_amount,
        sum(fx_amount) as fx_amount,
        sum(closing_mrr_amount) as closing_mrr_amount,
        sum(arr_amount) as arr_amount,
        sum(transfer_in_amount) as transfer_in_amount,
        sum(transfer_out_amount) as transfer_out_amount
    from {{ ref('fct_mrr_bridge_by_segment_month') }}
    group by segment_type, month

),

differences as (

    select
        segment_types.segment_type,
        bridge.month,
        coalesce(segment_sums.opening_mrr_amount, 0) - bridge.opening_mrr_amount
            as opening_mrr_amount,
        coalesce(segment_sums.new_amount, 0) - bridge.new_amount as new_amount,
        coalesce(segment_sums.reactivation_amount, 0) - bridge.reactivation_amount
            as reactivation_amount,
        coalesce(segment_sums.expansion_amount, 0) - bridge.expansion_amount
            as expansion_amount,
        coalesce(segment_sums.contraction_amount, 0) - bridge.contraction_amount
            as contraction_amount,
        coalesce(segment_sums.churn_amount, 0) - bridge.churn_amount as churn_amount,
        coalesce(segment_sums.fx_amount, 0) - bridge.fx_amount as fx_amount,
        coalesce(segment_sums.closing_mrr_amount, 0) - bridge.closing_mrr_amount
            as closing_mrr_amount,
        coalesce(segment_sums.arr_amount, 0) - bridge.arr_amount as arr_amount,
        coalesce(segment_sums.transfer_in_amount - segment_sums.transfer_out_amount, 0)
            as transfer_amount
    from bridge
    cross join segment_types
    left join segment_sums
        on
            segment_types.segment_type = segment_sums.segment_type
            and bridge.month = segment_sums.month

)

select *
from differences
where
    opening_mrr_amount <> 0
    or new_amount <> 0
    or reactivation_amount <> 0
    or expansion_amount <> 0
    or contraction_amount <> 0
    or churn_amount <> 0
    or fx_amount <> 0
    or closing_mrr_amount <> 0
    or arr_amount <> 0
    or transfer_amount <> 0
