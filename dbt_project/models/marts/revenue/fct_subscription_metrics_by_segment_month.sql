-- Grain: one row per segment type, segment and month of the bridge, or with a base of
-- retention.
-- What fct_subscription_metrics_by_month says of all, within a segment. A transfer is
-- in no flow. Retention over twelve months follows an account of a country, a size and
-- so on wherever it stands now: a move is no loss. Of a product, plan, currency, service
-- type and deployment it compares what the account pays in that one.
with

segment_balances as (

    select * from {{ ref('int_mrr_by_segment_account_month') }}

),

account_months as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_segment_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

-- An account that joined later has no base and is left out of all three sums.
followed as (

    select
        segment_balances.segment_type,
        segment_balances.segment,
        segment_balances.month,
        case
            when {{ is_of_the_account('segment_balances.segment_type') }}
                then coalesce(account_months.closing, 0)
            else segment_balances.closing
        end as closing,
        segment_balances.revalued_year_ago
    from segment_balances
    left join account_months
        on
            segment_balances.account_id = account_months.account_id
            and segment_balances.month = account_months.month
    where segment_balances.year_ago > 0

),

retained as (

    select
        segment_type,
        segment,
        month,
        count(*) as nrr_account_count,
        sum(closing) as nrr_numerator_amount,
        sum(revalued_year_ago) as nrr_denominator_amount,
        sum(least(closing, revalued_year_ago)) as grr_numerator_amount
    from followed
    group by segment_type, segment, month

),

measured as (

    select
        coalesce(bridge.segment_type, retained.segment_type) as segment_type,
        coalesce(bridge.segment, retained.segment) as segment,
        months.month,
        months.is_complete_month,
        coalesce(retained.nrr_account_count, 0) as nrr_account_count,
        coalesce(retained.nrr_numerator_amount, 0) as nrr_numerator_amount,
        coalesce(retained.nrr_denominator_amount, 0) as nrr_denominator_amount,
        coalesce(retained.grr_numerator_amount, 0) as grr_numerator_amount,
        coalesce(bridge.opening_mrr_amount + bridge.fx_amount, 0)
            as revalued_opening_mrr_amount,
        coalesce(bridge.new_amount, 0) as new_amount,
        coalesce(bridge.reactivation_amount, 0) as reactivation_amount,
        coalesce(bridge.expansion_amount, 0) as expansion_amount,
        coalesce(bridge.contraction_amount, 0) as contraction_amount,
        coalesce(bridge.churn_amount, 0) as churn_amount,
        coalesce(bridge.opening_account_count, 0) as opening_account_count,
        coalesce(bridge.churn_account_count, 0) as churn_account_count
    from bridge
    full outer join retained
        on
            bridge.segment_type = retained.segment_type
            and bridge.segment = retained.segment
            and bridge.month = retained.month
    inner join months
        on coalesce(bridge.month, retained.month) = months.month

),

numerators as (

    select
        segment_type,
        segment,
        month,
        is_complete_month,
        cast(nrr_account_count as integer) as nrr_account_count,
        cast(nrr_numerator_amount as decimal(18, 4)) as nrr_numerator_amount,
        cast(nrr_denominator_amount as decimal(18, 4)) as nrr_denominator_amount,
        cast(grr_numerator_amount as decimal(18, 4)) as grr_numerator_amount,
        cast(revalued_opening_mrr_amount as decimal(18, 4))
            as revalued_opening_mrr_amount,
        -- Who came back was not there at the opening.
        cast(
            revalued_opening_mrr_amount
            + expansion_amount
            - contraction_amount
            - churn_amount as decimal(18, 4)
        ) as nrr_flow_numerator_amount,
        cast(
            revalued_opening_mrr_amount
            - contraction_amount
            - churn_amount as decimal(18, 4)
        ) as grr_flow_numerator_amount,
        cast(opening_account_count as integer) as opening_account_count,
        cast(churn_account_count as integer) as churn_account_count,
        cast(churn_amount + contraction_amount as decimal(18, 4))
            as gross_mrr_churn_numerator_amount,
        cast(
            churn_amount
            + contraction_amount
            - expansion_amount
            - reactivation_amount as decimal(18, 4)
        ) as net_mrr_churn_numerator_amount,
        cast(
            new_amount
            + expansion_amount
            + reactivation_amount as decimal(18, 4)
        ) as quick_ratio_numerator_amount,
        cast(new_amount + expansion_amount as decimal(18, 4))
            as quick_ratio_strict_numerator_amount,
        cast(contraction_amount + churn_amount as decimal(18, 4))
            as quick_ratio_denominator_amount
    from measured

),

final as (

    select
        segment_type,
        segment,
        month,
        nrr_account_count,
        nrr_numerator_amount,
        nrr_denominator_amount,
        {{ ratio('nrr_numerator_amount', 'nrr_denominator_amount') }} as nrr_rate,
        grr_numerator_amount,
        {{ ratio('grr_numerator_amount', 'nrr_denominator_amount') }} as grr_rate,
        revalued_opening_mrr_amount,
        nrr_flow_numerator_amount,
        {{ ratio('nrr_flow_numerator_amount', 'revalued_opening_mrr_amount') }}
            as nrr_flow_rate,
        grr_flow_numerator_amount,
        {{ ratio('grr_flow_numerator_amount', 'revalued_opening_mrr_amount') }}
            as grr_flow_rate,
        opening_account_count,
        churn_account_count,
        {{ ratio('churn_account_count', 'opening_account_count') }} as logo_churn_rate,
        1 - {{ twelfth_power(
            '(1 - ' ~ ratio('churn_account_count', 'opening_account_count') ~ ')'
        ) }} as annualized_logo_churn_rate,
        gross_mrr_churn_numerator_amount,
        {{ ratio('gross_mrr_churn_numerator_amount', 'revalued_opening_mrr_amount') }}
            as gross_mrr_churn_rate,
        net_mrr_churn_numerator_amount,
        {{ ratio('net_mrr_churn_numerator_amount', 'revalued_opening_mrr_amount') }}
            as net_mrr_churn_rate,
        quick_ratio_numerator_amount,
        quick_ratio_strict_numerator_amount,
        quick_ratio_denominator_amount,
        {{ ratio('quick_ratio_numerator_amount', 'quick_ratio_denominator_amount') }}
            as quick_ratio,
        {{ ratio(
            'quick_ratio_strict_numerator_amount', 'quick_ratio_denominator_amount'
        ) }} as quick_ratio_strict,
        is_complete_month
    from numerators

)

select * from final
