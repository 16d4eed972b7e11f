-- Grain: one row per segment type, segment and account that ever had MRR there.
-- When it began and with how much, and its first month-end without MRR since then.
-- Definitions 4.
with

account_months as (

    select * from {{ ref('int_mrr_by_segment_account_month') }}

),

starts as (

    select
        segment_type,
        segment,
        account_id,
        min(month) as cohort_month,
        min_by(closing, month) as initial_mrr
    from account_months
    where closing > 0
    group by segment_type, segment, account_id

),

losses as (

    select
        segment_type,
        segment,
        account_id,
        min(month) as lost_month
    from account_months
    where
        opening > 0
        and closing = 0
    group by segment_type, segment, account_id

),

final as (

    select
        starts.segment_type,
        starts.segment,
        starts.account_id,
        starts.cohort_month,
        starts.initial_mrr,
        losses.lost_month
    from starts
    left join losses
        on
            starts.segment_type = losses.segment_type
            and starts.segment = losses.segment
            and starts.account_id = losses.account_id

)

select * from final
