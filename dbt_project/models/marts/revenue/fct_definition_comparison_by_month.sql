-- Grain: one row per definition set and month.
with

movements as (

    select * from {{ ref('int_mrr_movements_by_definition_month') }}

),

definition_sets as (

    select * from {{ ref('int_definition_sets') }}

),

differences as (

    select * from {{ ref('fct_definition_comparison_by_account_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

set_months as (

    select
        definition_set,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr(movement_amount(
            'new', 'movement_type', 'revalued_opening', 'closing'
        )) }} as new_mrr,
        {{ sum_mrr(movement_amount(
            'reactivation', 'movement_type', 'revalued_opening', 'closing'
        )) }} as reactivation,
        {{ sum_mrr(movement_amount(
            'expansion', 'movement_type', 'revalued_opening', 'closing'
        )) }} as expansion,
        {{ sum_mrr(movement_amount(
            'contraction', 'movement_type', 'revalued_opening', 'closing'
        )) }} as contraction,
        {{ sum_mrr(movement_amount(
            'churn', 'movement_type', 'revalued_opening', 'closing'
        )) }} as churn,
        {{ sum_mrr('case when base > 0 then closing end') }} as nrr_numerator,
        {{ sum_mrr('base') }} as nrr_denominator,
        sum(case when opening > 0 then 1 else 0 end) as opening_unit_count,
        sum(case when movement_type = 'new' then 1 else 0 end) as new_unit_count,
        sum(case when movement_type = 'churn' then 1 else 0 end) as churn_unit_count,
        sum(case when closing > 0 then 1 else 0 end) as closing_unit_count
    from movements
    group by definition_set, month

),

set_differences as (

    select
        definition_set,
        month,
        {{ sum_mrr('difference_amount') }} as difference_amount
    from differences
    group by definition_set, month

),

every_set_month as (

    select
        definition_sets.definition_set,
        definition_sets.churn_unit,
        definition_sets.churned_mrr,
        definition_sets.logo_churn_base,
        definition_sets.nrr_window_months,
        months.month,
        months.is_complete_month,
        coalesce(set_months.opening, 0) as opening,
        coalesce(set_months.revalued_opening, 0) as revalued_opening,
        coalesce(set_months.closing, 0) as closing,
        coalesce(set_months.new_mrr, 0) as new_mrr,
        coalesce(set_months.reactivation, 0) as reactivation,
        coalesce(set_months.expansion, 0) as expansion,
        coalesce(set_months.contraction, 0) as contraction,
        coalesce(set_months.churn, 0) as churn,
        coalesce(set_months.nrr_numerator, 0) as nrr_numerator,
        coalesce(set_months.nrr_denominator, 0) as nrr_denominator,
        coalesce(set_months.opening_unit_count, 0) as opening_unit_count,
        coalesce(set_months.churn_unit_count, 0) as churn_unit_count,
        coalesce(set_months.closing_unit_count, 0) as closing_unit_count,
        case
            when definition_sets.logo_churn_base = 'opening_and_new'
                then
                    coalesce(
                        set_months.opening_unit_count + set_months.new_unit_count, 0
                    )
            else coalesce(set_months.opening_unit_count, 0)
        end as logo_churn_base_unit_count,
        coalesce(set_differences.difference_amount, 0) as difference_amount
    from definition_sets
    cross join months
    left join set_months
        on
            definition_sets.definition_set = set_months.definition_set
            and months.month = set_months.month
    left join set_differences
        on
            definition_sets.definition_set = set_differences.definition_set
            and months.month = set_differences.month

),

final as (

    select
        definition_set,
        month,
        cast(closing as decimal(18, 4)) as mrr_amount,
        cast(difference_amount as decimal(18, 4)) as difference_amount,
        cast(opening as decimal(18, 4)) as opening_mrr_amount,
        cast(new_mrr as decimal(18, 4)) as new_amount,
        cast(reactivation as decimal(18, 4)) as reactivation_amount,
        cast(expansion as decimal(18, 4)) as expansion_amount,
        cast(contraction as decimal(18, 4)) as contraction_amount,
        cast(churn as decimal(18, 4)) as churn_amount,
        cast(revalued_opening - opening as decimal(18, 4)) as fx_amount,
        cast(
            case
                when churned_mrr = 'churn_and_contraction' then churn + contraction
                else churn
            end as decimal(18, 4)
        ) as churned_mrr_amount,
        cast(revalued_opening as decimal(18, 4)) as revalued_opening_mrr_amount,
        {{ ratio('churn + contraction', 'revalued_opening') }}
            as gross_mrr_churn_rate,
        {{ ratio(
            'churn + contraction - expansion - reactivation', 'revalued_opening'
        ) }} as net_mrr_churn_rate,
        churn_unit,
        cast(opening_unit_count as integer) as opening_unit_count,
        cast(churn_unit_count as integer) as churn_unit_count,
        cast(closing_unit_count as integer) as closing_unit_count,
        cast(logo_churn_base_unit_count as integer) as logo_churn_base_unit_count,
        {{ ratio('churn_unit_count', 'logo_churn_base_unit_count') }}
            as logo_churn_rate,
        nrr_window_months,
        cast(nrr_numerator as decimal(18, 4)) as nrr_numerator_amount,
        cast(nrr_denominator as decimal(18, 4)) as nrr_denominator_amount,
        {{ ratio('nrr_numerator', 'nrr_denominator') }} as nrr_rate,
        is_complete_month
    from every_set_month

)

select * from final
