-- Grain: one row per month and stage of the sales pipeline.
-- Open deals as they stood at the month's end, and what became of deals in the month: a
-- deal that was won, lost, created or opened again stands with the stage from which it
-- was won or lost, else with the one in which it is.
with

deals as (

    select * from {{ ref('int_deals_by_month') }}

),

deal_stages as (

    select * from {{ ref('int_deal_stages_dated') }}

),

months as (

    select * from {{ ref('int_pipeline_months') }}

),

-- Passing through counts.
entries as (

    select distinct
        months.month,
        deal_stages.stage,
        deal_stages.deal_id
    from deal_stages
    inner join months
        on
            deal_stages.valid_from_at >= months.month_start_at
            and deal_stages.valid_from_at < months.month_end_at

),

stages as (

    select
        stage,
        min(display_order) as display_order
    from deal_stages
    group by stage

),

unioned as (

    select
        month,
        stage,
        case when is_open then 1 else 0 end as deals,
        case when is_open then amount end as amount,
        case when is_open then weighted_amount end as weighted_amount,
        case when is_open and amount is null then 1 else 0 end as unvalued_deals,
        case
            when is_open and amount is not null and weighted_amount is null then 1
            else 0
        end as unweighted_deals,
        0 as entered_deals,
        case when is_created then 1 else 0 end as created_deals,
        case when is_reopened then 1 else 0 end as reopened_deals,
        case when is_won then 1 else 0 end as won_deals,
        case when is_won then amount end as won_amount,
        case when is_lost then 1 else 0 end as lost_deals,
        case when is_lost then amount end as lost_amount,
        case when is_slipped then 1 else 0 end as slipped_deals
    from deals
    union all
    select
        month,
        stage,
        0 as deals,
        cast(null as decimal(18, 4)) as amount,
        cast(null as decimal(18, 4)) as weighted_amount,
        0 as unvalued_deals,
        0 as unweighted_deals,
        1 as entered_deals,
        0 as created_deals,
        0 as reopened_deals,
        0 as won_deals,
        cast(null as decimal(18, 4)) as won_amount,
        0 as lost_deals,
        cast(null as decimal(18, 4)) as lost_amount,
        0 as slipped_deals
    from entries

),

summed as (

    select
        month,
        stage,
        sum(deals) as deals,
        {{ sum_mrr('amount') }} as amount,
        {{ sum_mrr('weighted_amount') }} as weighted_amount,
        sum(unvalued_deals) as unvalued_deals,
        sum(unweighted_deals) as unweighted_deals,
        sum(entered_deals) as entered_deals,
        sum(created_deals) as created_deals,
        sum(reopened_deals) as reopened_deals,
        sum(won_deals) as won_deals,
        {{ sum_mrr('won_amount') }} as won_amount,
        sum(lost_deals) as lost_deals,
        {{ sum_mrr('lost_amount') }} as lost_amount,
        sum(slipped_deals) as slipped_deals
    from unioned
    group by month, stage

),

final as (

    select
        summed.month,
        summed.stage,
        cast(stages.display_order as bigint) as display_order,
        cast(summed.deals as bigint) as deals,
        summed.amount,
        summed.weighted_amount,
        cast(summed.unvalued_deals as bigint) as unvalued_deals,
        cast(summed.unweighted_deals as bigint) as unweighted_deals,
        cast(summed.entered_deals as bigint) as entered_deals,
        cast(summed.created_deals as bigint) as created_deals,
        cast(summed.reopened_deals as bigint) as reopened_deals,
        cast(summed.won_deals as bigint) as won_deals,
        summed.won_amount,
        cast(summed.lost_deals as bigint) as lost_deals,
        summed.lost_amount,
        cast(summed.slipped_deals as bigint) as slipped_deals,
        months.is_complete_month
    from summed
    inner join months
        on summed.month = months.month
    left join stages
        on summed.stage = stages.stage

)

select * from final
