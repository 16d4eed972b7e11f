-- Per segment: what one month closed with, the next one opens with, also where the next
-- has no row.
with

segment_months as (

    select * from {{ ref('fct_mrr_bridge_by_segment_month') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

closings as (

    select
        segment_type,
        segment,
        {{ add_months('month', 1) }} as month,
        closing_mrr_amount
    from segment_months
    where closing_mrr_amount <> 0

),

openings as (

    select
        segment_type,
        segment,
        month,
        opening_mrr_amount
    from segment_months
    where opening_mrr_amount <> 0

)

select
    coalesce(closings.segment_type, openings.segment_type) as segment_type,
    coalesce(closings.segment, openings.segment) as segment,
    coalesce(closings.month, openings.month) as month,
    closings.closing_mrr_amount as previous_closing_mrr_amount,
    openings.opening_mrr_amount
from closings
inner join months
    on closings.month = months.month
full outer join openings
    on
        closings.segment_type = openings.segment_type
        and closings.segment = openings.segment
        and closings.month = openings.month
where closings.closing_mrr_amount is distinct from openings.opening_mrr_amount
