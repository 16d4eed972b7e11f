-- Grain: one row per month, provider and environment of the cloud bill.
with

hosting as (

    select * from {{ ref('int_hosting_by_month') }}

),

totals as (

    select
        month,
        provider,
        sum(effective_cost) as effective_cost,
        sum(case when environment <> 'untagged' then effective_cost else 0 end)
            as tagged_cost
    from hosting
    group by month, provider

),

final as (

    select
        hosting.month,
        hosting.provider,
        hosting.environment,
        hosting.effective_cost as effective_cost_amount,
        hosting.billed_cost as billed_cost_amount,
        {{ ratio('totals.tagged_cost', 'totals.effective_cost') }} as coverage_rate
    from hosting
    inner join totals
        on
            hosting.month = totals.month
            and hosting.provider = totals.provider

)

select * from final
