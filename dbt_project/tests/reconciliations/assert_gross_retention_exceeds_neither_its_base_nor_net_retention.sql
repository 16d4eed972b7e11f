-- What is kept is never more than there was, and what is kept and grown never less than
-- what is kept: in total ('all') and in each segment, over twelve months and in flow.
with

metrics as (

    select
        'all' as segment_type,
        'all' as segment,
        month,
        nrr_numerator_amount,
        nrr_denominator_amount,
        grr_numerator_amount,
        revalued_opening_mrr_amount,
        nrr_flow_numerator_amount,
        grr_flow_numerator_amount
    from {{ ref('fct_subscription_metrics_by_month') }}
    union all
    select
        segment_type,
        segment,
        month,
        nrr_numerator_amount,
        nrr_denominator_amount,
        grr_numerator_amount,
        revalued_opening_mrr_amount,
        nrr_flow_numerator_amount,
        grr_flow_numerator_amount
    from {{ ref('fct_subscription_metrics_by_segment_month') }}

)

select *
from metrics
where
    grr_numerator_amount > nrr_denominator_amount
    or grr_numerator_amount > nrr_numerator_amount
    or grr_flow_numerator_amount > revalued_opening_mrr_amount
    or grr_flow_numerator_amount > nrr_flow_numerator_amount
    or grr_numerator_amount < 0
    or grr_flow_numerator_amount < 0
