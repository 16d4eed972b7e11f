-- Grain: one row per segment type, segment and account whose first month-end with MRR
-- is there.
-- When it began and with how much, and its first month-end without MRR since then. An
-- account begins once in each product, plan, currency, service type and deployment that
-- it pays for; of what it is as a whole it begins once, in the segment of that month,
-- and is followed wherever it moves. Definitions 4.
with

segment_months as (

    select * from {{ ref('int_mrr_by_segment_account_month') }}

),

account_months as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

starts as (

    select
        segment_type,
        min_by(segment, month) as segment,
        account_id,
        min(month) as cohort_month,
        min_by(closing, month) as initial_mrr
    from segment_months
    where closing > 0
    group by
        segment_type,
        {{ followed_within('segment_type', 'segment') }},
        account_id

),

segment_losses as (

    select
        segment_type,
        segment,
        account_id,
        min(month) as lost_month
    from segment_months
    where
        opening > 0
        and closing = 0
        and not {{ is_of_the_account('segment_type') }}
    group by segment_type, segment, account_id

),

account_losses as (

    select
        account_id,
        min(month) as lost_month
    from account_months
    where
        opening > 0
        and closing = 0
    group by account_id

),

final as (

    select
        starts.segment_type,
        starts.segment,
        starts.account_id,
        starts.cohort_month,
        starts.initial_mrr,
        case
            when {{ is_of_the_account('starts.segment_type') }}
                then account_losses.lost_month
            else segment_losses.lost_month
        end as lost_month
    from starts
    left join segment_losses
        on
            starts.segment_type = segment_losses.segment_type
            and starts.segment = segment_losses.segment
            and starts.account_id = segment_losses.account_id
    left join account_losses
        on starts.account_id = account_losses.account_id

)

select * from final
