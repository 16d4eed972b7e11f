-- Per account, segment type and month: what is transferred out of some segments comes
-- into others, and no amount of a class is negative.
with

movements as (

    select * from {{ ref('int_mrr_movements_by_segment_account_month') }}

),

unbalanced as (

    select
        segment_type,
        account_id,
        month,
        sum(transfer_out_amount) as transfer_out_amount,
        sum(transfer_in_amount) as transfer_in_amount,
        cast(null as string) as segment
    from movements
    where
        transfer_out_amount <> 0
        or transfer_in_amount <> 0
    group by segment_type, account_id, month
    having sum(transfer_out_amount) <> sum(transfer_in_amount)

),

negative as (

    select
        segment_type,
        account_id,
        month,
        transfer_out_amount,
        transfer_in_amount,
        segment
    from movements
    where
        new_amount < 0
        or reactivation_amount < 0
        or expansion_amount < 0
        or contraction_amount < 0
        or churn_amount < 0
        or transfer_out_amount < 0
        or transfer_in_amount < 0

)

select * from unbalanced
union all
select * from negative
