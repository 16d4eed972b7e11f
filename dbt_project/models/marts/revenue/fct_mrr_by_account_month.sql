-- Grain: one row per account and month in which it opens or closes with MRR.
with

movements as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

churns as (

    select * from {{ ref('int_churns_explained') }}

),

months as (

    select * from {{ ref('int_months') }}

),

with_subtypes as (

    select
        movements.*,
        churns.movement_subtype as churn_subtype,
        lag(churns.movement_subtype) over (
            partition by movements.account_id
            order by movements.month
        ) as previous_churn_subtype
    from movements
    left join churns
        on
            movements.account_id = churns.account_id
            and movements.month = churns.month

),

final as (

    select
        with_subtypes.account_id,
        with_subtypes.month,
        with_subtypes.opening as opening_mrr_amount,
        {{ movement_amount(
            'new',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as new_amount,
        {{ movement_amount(
            'reactivation',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as reactivation_amount,
        {{ movement_amount(
            'expansion',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as expansion_amount,
        {{ movement_amount(
            'contraction',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as contraction_amount,
        {{ movement_amount(
            'churn',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as churn_amount,
        cast(with_subtypes.revalued_opening - with_subtypes.opening as decimal(18, 4))
            as fx_amount,
        with_subtypes.closing as closing_mrr_amount,
        with_subtypes.movement_type,
        case
            when with_subtypes.movement_type = 'churn' then with_subtypes.churn_subtype
            when
                with_subtypes.movement_type = 'reactivation'
                and with_subtypes.previous_churn_subtype = 'pause'
                then 'resume'
        end as movement_subtype,
        with_subtypes.gap_months,
        with_subtypes.closing as gross_mrr_amount,
        with_subtypes.arr as arr_amount,
        with_subtypes.cohort_month,
        with_subtypes.initial_mrr as initial_mrr_amount,
        months.is_complete_month
    from with_subtypes
    inner join months
        on with_subtypes.month = months.month

)

select * from final
