-- The definition set tieout, computed like every other set, is the published bridge
-- with the published rates.
with

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

metrics as (

    select * from {{ ref('fct_subscription_metrics_by_month') }}

),

our_definition as (

    select *
    from {{ ref('fct_definition_comparison_by_month') }}
    where definition_set = 'tieout'

)

select
    bridge.month,
    bridge.closing_mrr_amount,
    our_definition.mrr_amount,
    bridge.churn_amount,
    our_definition.churned_mrr_amount,
    metrics.nrr_numerator_amount,
    our_definition.nrr_numerator_amount as our_nrr_numerator_amount,
    metrics.nrr_denominator_amount,
    our_definition.nrr_denominator_amount as our_nrr_denominator_amount,
    our_definition.difference_amount
from bridge
left join metrics
    on bridge.month = metrics.month
left join our_definition
    on bridge.month = our_definition.month
where
    bridge.opening_mrr_amount is distinct from our_definition.opening_mrr_amount
    or bridge.new_amount is distinct from our_definition.new_amount
    or (
        bridge.reactivation_amount is distinct from our_definition.reactivation_amount
    )
    or bridge.expansion_amount is distinct from our_definition.expansion_amount
    or bridge.contraction_amount is distinct from our_definition.contraction_amount
    or bridge.churn_amount is distinct from our_definition.churn_amount
    or bridge.churn_amount is distinct from our_definition.churned_mrr_amount
    or bridge.fx_amount is distinct from our_definition.fx_amount
    or bridge.closing_mrr_amount is distinct from our_definition.mrr_amount
    or (
        bridge.opening_account_count
        is distinct from our_definition.opening_unit_count
    )
    or bridge.churn_account_count is distinct from our_definition.churn_unit_count
    or (
        bridge.closing_account_count
        is distinct from our_definition.closing_unit_count
    )
    or our_definition.difference_amount is distinct from 0
    or (
        metrics.nrr_numerator_amount
        is distinct from our_definition.nrr_numerator_amount
    )
    or (
        metrics.nrr_denominator_amount
        is distinct from our_definition.nrr_denominator_amount
    )
    or (
        metrics.revalued_opening_mrr_amount
        is distinct from our_definition.revalued_opening_mrr_amount
    )
    or metrics.nrr_rate is distinct from our_definition.nrr_rate
    or metrics.logo_churn_rate is distinct from our_definition.logo_churn_rate
    or metrics.gross_mrr_churn_rate is distinct from our_definition.gross_mrr_churn_rate
    or metrics.net_mrr_churn_rate is distinct from our_definition.net_mrr_churn_rate
