-- Grain: one row per month.
-- Retention compares the accounts that paid twelve months before with themselves now;
-- the flow forms and the rates of churn divide the month's movements by its opening,
-- both at the month's rate. Definitions 3.
with

balances as (

    select * from {{ ref('int_mrr_balances_by_account_price_month') }}

),

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

account_balances as (

    select
        account_id,
        month,
        sum(closing) as closing,
        sum(year_ago) as year_ago,
        sum(revalued_year_ago) as revalued_year_ago
    from balances
    group by account_id, month

),

-- An account that joined later has no base and is left out of all three sums.
retained as (

    select
        month,
        count(*) as nrr_account_count,
        sum(closing) as nrr_numerator_amount,
        sum(revalued_year_ago) as nrr_denominator_amount,
        sum(least(closing, revalued_year_ago)) as grr_numerator_amount
    from account_balances
    where year_ago > 0
    group by month

),

measured as (

    select
        bridge.month,
        bridge.is_complete_month,
        coalesce(retained.nrr_account_count, 0) as nrr_account_count,
        coalesce(retained.nrr_numerator_amount, 0) as nrr_numerator_amount,
        coalesce(retained.nrr_denominator_amount, 0) as nrr_denominator_amount,
        coalesce(retained.grr_numerator_amount, 0) as grr_numerator_amount,
        bridge.opening_mrr_amount + bridge.fx_amount as revalued_opening_mrr_amount,
        bridge.new_amount,
        bridge.reactivation_amount,
        bridge.expansion_amount,
        bridge.contraction_amount,
        bridge.churn_amount,
        bridge.opening_account_count,
        bridge.churn_account_count
    from bridge
    left join retained
        on bridge.month = retained.month

),

numerators as (

    select
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
