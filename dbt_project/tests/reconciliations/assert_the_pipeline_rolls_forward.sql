-- Over all stages, the open deals of the month before and those that were created or
-- opened again, less those won and lost, are the open deals of the month.
with

months as (

    select * from {{ ref('fct_sales_velocity_by_month') }}

),

pipeline as (

    select
        month,
        sum(deals) as deals,
        sum(created_deals) as created_deals,
        sum(reopened_deals) as reopened_deals,
        sum(won_deals) as won_deals,
        sum(lost_deals) as lost_deals
    from {{ ref('fct_pipeline_by_month') }}
    group by month

),

completed as (

    select
        months.month,
        months.open_deals as stated_deals,
        months.won_deals as stated_won_deals,
        months.lost_deals as stated_lost_deals,
        coalesce(pipeline.deals, 0) as deals,
        coalesce(pipeline.created_deals, 0) as created_deals,
        coalesce(pipeline.reopened_deals, 0) as reopened_deals,
        coalesce(pipeline.won_deals, 0) as won_deals,
        coalesce(pipeline.lost_deals, 0) as lost_deals
    from months
    left join pipeline
        on months.month = pipeline.month

),

rolled as (

    select
        *,
        coalesce(lag(deals) over (order by month), 0)
        + created_deals
        + reopened_deals
        - won_deals
        - lost_deals as expected_deals
    from completed

),

findings as (

    select
        month,
        'open deals' as measure,
        expected_deals as expected,
        deals as actual
    from rolled
    union all
    select
        month,
        'open deals of fct_sales_velocity_by_month' as measure,
        deals as expected,
        stated_deals as actual
    from rolled
    union all
    select
        month,
        'won deals of fct_sales_velocity_by_month' as measure,
        won_deals as expected,
        stated_won_deals as actual
    from rolled
    union all
    select
        month,
        'lost deals of fct_sales_velocity_by_month' as measure,
        lost_deals as expected,
        stated_lost_deals as actual
    from rolled

)

select
    month,
    measure,
    expected,
    actual
from findings
where expected <> actual
