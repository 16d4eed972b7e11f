-- Grain: one row per segment type, segment, account and month in which the account's
-- MRR there changes organically.
-- The change takes the account's class where that is new, reactivation or churn.
-- Otherwise what the account loses in some segments and gains in others is a transfer,
-- up to the smaller sum; the rest is expansion or contraction. Definitions 2.
with

balances as (

    select * from {{ ref('int_mrr_by_segment_account_month') }}

),

movements as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

changes as (

    select
        balances.segment_type,
        balances.segment,
        balances.account_id,
        balances.month,
        case
            when movements.movement_type in ('new', 'reactivation', 'churn')
                then movements.movement_type
        end as account_class,
        balances.closing > balances.revalued_opening as is_gain,
        {{ exact_integer(
            'abs(balances.closing - balances.revalued_opening) * 10000'
        ) }} as units
    from balances
    inner join movements
        on
            balances.account_id = movements.account_id
            and balances.month = movements.month
    where balances.closing <> balances.revalued_opening

),

moves as (

    select
        segment_type,
        account_id,
        month,
        sum(case when is_gain then units else 0 end) as gained_units,
        sum(case when is_gain then 0 else units end) as lost_units
    from changes
    where account_class is null
    group by segment_type, account_id, month
    having min(is_gain) <> max(is_gain)

),

-- Of either side as much is transferred as the smaller one has: of that one all.
sides as (

    select
        changes.segment_type,
        changes.segment,
        changes.account_id,
        changes.month,
        changes.is_gain,
        changes.units,
        least(moves.gained_units, moves.lost_units) as transfer_units,
        case when changes.is_gain then moves.gained_units else moves.lost_units end
            as side_units
    from changes
    inner join moves
        on
            changes.segment_type = moves.segment_type
            and changes.account_id = moves.account_id
            and changes.month = moves.month

),

shares as (

    select
        *,
        {{ whole_quotient('transfer_units * units', 'side_units') }} as share_units
    from sides

),

-- The units that are left go to the largest remainders, ties to the lowest segment.
ranked as (

    select
        *,
        transfer_units - sum(share_units) over (
            partition by segment_type, account_id, month, is_gain
        ) as left_units,
        row_number() over (
            partition by segment_type, account_id, month, is_gain
            order by transfer_units * units - share_units * side_units desc, segment asc
        ) as remainder_rank
    from shares

),

transfers as (

    select
        segment_type,
        segment,
        account_id,
        month,
        share_units + case when remainder_rank <= left_units then 1 else 0 end
            as transfer_units
    from ranked

),

classed as (

    select
        changes.segment_type,
        changes.segment,
        changes.account_id,
        changes.month,
        coalesce(
            changes.account_class,
            case when changes.is_gain then 'expansion' else 'contraction' end
        ) as movement_class,
        changes.is_gain,
        {{ ten_thousandths_to_mrr('changes.units') }} as change_amount,
        {{ ten_thousandths_to_mrr('coalesce(transfers.transfer_units, 0)') }}
            as transfer_amount
    from changes
    left join transfers
        on
            changes.segment_type = transfers.segment_type
            and changes.segment = transfers.segment
            and changes.account_id = transfers.account_id
            and changes.month = transfers.month

),

final as (

    select
        segment_type,
        segment,
        account_id,
        month,
        case when movement_class = 'new' then change_amount else 0 end as new_amount,
        case when movement_class = 'reactivation' then change_amount else 0 end
            as reactivation_amount,
        case
            when movement_class = 'expansion' then change_amount - transfer_amount
            else 0
        end as expansion_amount,
        case
            when movement_class = 'contraction' then change_amount - transfer_amount
            else 0
        end as contraction_amount,
        case when movement_class = 'churn' then change_amount else 0 end
            as churn_amount,
        case when is_gain then transfer_amount else 0 end as transfer_in_amount,
        case when is_gain then 0 else transfer_amount end as transfer_out_amount
    from classed

)

select * from final
