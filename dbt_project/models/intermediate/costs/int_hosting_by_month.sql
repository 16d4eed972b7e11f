-- Grain: one row per month, provider and environment of the cloud bill, up to the month
-- of the as-of.
with

cloud_costs as (

    select * from {{ ref('int_cloud_costs_by_invoice_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        cloud_costs.month,
        cloud_costs.provider,
        cloud_costs.environment,
        cast(
            round(cast(sum(cloud_costs.effective_cost) as decimal(38, 18)), 6)
            as decimal(24, 6)
        ) as effective_cost,
        cast(
            round(cast(sum(cloud_costs.billed_cost) as decimal(38, 18)), 6)
            as decimal(24, 6)
        ) as billed_cost
    from cloud_costs
    cross join run_settings
    where cloud_costs.month <= run_settings.as_of_date
    group by cloud_costs.month, cloud_costs.provider, cloud_costs.environment

)

select * from final
