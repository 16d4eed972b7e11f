-- Grain: one row per definition set, unit and month with an opening, a closing or a
-- base of retention.
-- The unit is what the set follows: an account, or each subscription by itself. Its
-- class is decided as everywhere, on its organic change; only where the set says so, a
-- move to a free plan or a pause contracts and does not churn, and the way back is an
-- expansion.
with

item_months as (

    select * from {{ ref('int_item_months_by_definition') }}

),

definition_sets as (

    select * from {{ ref('int_definition_sets') }}

),

usage as (

    select * from {{ ref('int_usage_mrr_by_account_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- Usage is stated in the reporting currency, at each month's own rate.
usage_months as (

    select
        definition_sets.definition_set,
        usage.account_id as unit_id,
        usage.month,
        {{ add_months('usage.month', 1) }} as next_month,
        {{ add_months('usage.month', 'definition_sets.nrr_window_months') }}
            as base_of_month,
        usage.usage_mrr_amount as mrr_amount,
        usage.usage_mrr_amount as revalued_mrr_amount,
        usage.usage_mrr_amount as base_mrr_amount,
        0 as is_free,
        0 as is_paused
    from usage
    cross join definition_sets
    where
        definition_sets.metered_usage = 'counted'
        and usage.usage_mrr_amount > 0

),

unit_months as (

    select
        definition_set,
        unit_id,
        month,
        next_month,
        base_of_month,
        mrr_amount,
        revalued_mrr_amount,
        base_mrr_amount,
        case when is_counted and mrr_amount = 0 then 1 else 0 end as is_free,
        case when gap_type = 'paused' then 1 else 0 end as is_paused
    from item_months
    union all
    select * from usage_months

),

balances as (

    select
        definition_set,
        unit_id,
        month,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        mrr_amount as closing,
        cast(0 as decimal(18, 4)) as base,
        0 as was_free,
        0 as was_paused,
        is_free,
        is_paused
    from unit_months
    union all
    select
        unit_months.definition_set,
        unit_months.unit_id,
        months.month,
        unit_months.mrr_amount as opening,
        unit_months.revalued_mrr_amount as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        cast(0 as decimal(18, 4)) as base,
        unit_months.is_free as was_free,
        unit_months.is_paused as was_paused,
        0 as is_free,
        0 as is_paused
    from unit_months
    inner join months
        on unit_months.next_month = months.month
    union all
    select
        unit_months.definition_set,
        unit_months.unit_id,
        months.month,
        cast(0 as decimal(18, 4)) as opening,
        cast(0 as decimal(18, 4)) as revalued_opening,
        cast(0 as decimal(18, 4)) as closing,
        unit_months.base_mrr_amount as base,
        0 as was_free,
        0 as was_paused,
        0 as is_free,
        0 as is_paused
    from unit_months
    inner join months
        on unit_months.base_of_month = months.month

),

unit_balances as (

    select
        definition_set,
        unit_id,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('base') }} as base,
        max(was_free) = 1 as was_free,
        max(was_paused) = 1 as was_paused,
        max(is_free) = 1 as is_free,
        max(is_paused) = 1 as is_paused
    from balances
    group by definition_set, unit_id, month

),

with_history as (

    select
        *,
        min(case when closing > 0 then month end) over (
            partition by definition_set, unit_id
        ) as first_paid_month
    from unit_balances

),

classed as (

    select
        *,
        {{ movement_type(
            'opening', 'revalued_opening', 'closing', 'month > first_paid_month'
        ) }} as plain_movement_type
    from with_history
    where
        opening <> 0
        or closing <> 0
        or base <> 0

),

final as (

    select
        classed.definition_set,
        classed.unit_id,
        classed.month,
        classed.opening,
        classed.revalued_opening,
        classed.closing,
        classed.base,
        case
            when
                classed.plain_movement_type = 'churn'
                and (
                    (definition_sets.to_free = 'contraction' and classed.is_free)
                    or (definition_sets.pause = 'contraction' and classed.is_paused)
                )
                then 'contraction'
            when
                classed.plain_movement_type = 'reactivation'
                and (
                    (definition_sets.to_free = 'contraction' and classed.was_free)
                    or (definition_sets.pause = 'contraction' and classed.was_paused)
                )
                then 'expansion'
            else classed.plain_movement_type
        end as movement_type
    from classed
    inner join definition_sets
        on classed.definition_set = definition_sets.definition_set

)

select * from final
