-- Grain: one row per month.
-- How fast deals turn into money: deals worked on x share of them won x what a won one
-- is worth, over the days that winning took. Each ratio beside what it divides.
with

deals as (

    select * from {{ ref('int_deals_by_month') }}

),

months as (

    select * from {{ ref('int_pipeline_months') }}

),

counted as (

    select
        month,
        cast(sum(case when is_open then 1 else 0 end) as bigint) as open_deals,
        cast(sum(case when is_won then 1 else 0 end) as bigint) as won_deals,
        cast(sum(case when is_lost then 1 else 0 end) as bigint) as lost_deals,
        cast(sum(case when is_won and amount is not null then 1 else 0 end) as bigint)
            as valued_won_deals,
        -- Open at the month's end, or won or lost in the month.
        cast(count(*) as bigint) as worked_deals,
        {{ sum_mrr('case when is_won then amount end') }} as won_amount,
        cast(
            coalesce(sum(case when is_won then cycle_days end), 0) as bigint
        ) as won_cycle_days
    from deals
    group by month

),

completed as (

    select
        months.month,
        months.is_complete_month,
        coalesce(counted.worked_deals, 0) as worked_deals,
        coalesce(counted.open_deals, 0) as open_deals,
        coalesce(counted.won_deals, 0) as won_deals,
        coalesce(counted.lost_deals, 0) as lost_deals,
        coalesce(counted.valued_won_deals, 0) as valued_won_deals,
        coalesce(counted.won_amount, 0) as won_amount,
        coalesce(counted.won_cycle_days, 0) as won_cycle_days,
        coalesce(counted.won_deals + counted.lost_deals, 0) as closed_deals
    from months
    left join counted
        on months.month = counted.month

),

final as (

    select
        month,
        worked_deals,
        open_deals,
        won_deals,
        lost_deals,
        closed_deals,
        {{ ratio('won_deals', 'closed_deals') }} as win_rate,
        cast(won_amount as decimal(18, 4)) as won_amount,
        valued_won_deals,
        case
            when valued_won_deals > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('won_amount * 10000'),
                    '(10000 * ' ~ exact_integer('valued_won_deals') ~ ')'
                ) }}
        end as average_won_amount,
        won_cycle_days,
        case
            when won_deals > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('won_cycle_days'), exact_integer('won_deals')
                ) }}
        end as average_cycle_days,
        -- worked x (won / closed) x (amount / valued) / (days / won), divided once.
        case
            when valued_won_deals > 0 and won_cycle_days > 0
                then {{ round_quotient_to_mrr(
                    '(' ~ exact_integer('won_amount * 10000')
                    ~ ' * worked_deals * won_deals * won_deals)',
                    '(10000 * ' ~ exact_integer('closed_deals')
                    ~ ' * valued_won_deals * won_cycle_days)'
                ) }}
        end as velocity_amount,
        is_complete_month
    from completed

)

select * from final
