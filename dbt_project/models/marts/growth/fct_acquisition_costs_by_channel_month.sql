-- Grain: one row per month and acquisition channel that bears costs, had spend or won
-- an account.
-- What the accounts of a channel cost to win: sales and marketing of the ledger as in
-- fct_unit_economics_by_month, shared over channels to the cent, beside what the CRM
-- records as spend.
with

months as (

    select * from {{ ref('dim_months') }}

),

costs as (

    select * from {{ ref('int_acquisition_costs_by_channel_month') }}

),

spends as (

    select * from {{ ref('int_marketing_spend_by_channel_month') }}

),

acquisitions as (

    select * from {{ ref('int_acquisitions_by_account') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

costs_by_channel as (

    select
        month,
        channel,
        max(cost_month) as cost_month,
        max(case when cost_kind = 'marketing' then driver end) as marketing_driver,
        max(case when cost_kind = 'sales' then driver end) as sales_driver,
        sum(case when cost_kind = 'sales' then amount else 0 end) as sales_amount,
        sum(case when cost_kind = 'marketing' then amount else 0 end)
            as marketing_amount
    from costs
    group by month, channel

),

months_with_costs as (

    select distinct month from costs

),

spends_by_channel as (

    select
        months.month,
        spends.channel,
        {{ sum_mrr('spends.amount') }} as recorded_spend_amount
    from months
    cross join run_settings
    inner join spends
        on {{ add_months('months.month', '-run_settings.cac_lag_months') }}
            = spends.month
    group by months.month, spends.channel

),

-- Without spend and without any channel known nothing can be told apart.
known_channels as (

    select channel from spends
    union
    select channel from acquisitions
    where channel <> 'unknown'

),

evidence as (

    select count(*) as known_channel_count from known_channels

),

accounts_by_channel as (

    select
        acquisitions.cohort_month as month,
        acquisitions.channel,
        count(*) as new_accounts
    from acquisitions
    cross join evidence
    where
        acquisitions.cohort_month is not null
        and evidence.known_channel_count > 0
    group by acquisitions.cohort_month, acquisitions.channel

),

month_channels as (

    select
        month,
        channel
    from costs_by_channel
    union
    select
        month,
        channel
    from spends_by_channel
    union
    select
        month,
        channel
    from accounts_by_channel

),

joined as (

    select
        month_channels.month,
        month_channels.channel,
        months.is_complete_month,
        {{ add_months('month_channels.month', '-run_settings.cac_lag_months') }}
            as cost_month,
        costs_by_channel.marketing_driver,
        costs_by_channel.sales_driver,
        coalesce(spends_by_channel.recorded_spend_amount, 0) as recorded_spend_amount,
        case
            when months_with_costs.month is not null
                then coalesce(costs_by_channel.sales_amount, 0)
        end as sales_amount,
        case
            when months_with_costs.month is not null
                then coalesce(costs_by_channel.marketing_amount, 0)
        end as marketing_amount,
        coalesce(accounts_by_channel.new_accounts, 0) as new_accounts
    from month_channels
    cross join run_settings
    inner join months
        on month_channels.month = months.month
    left join costs_by_channel
        on
            month_channels.month = costs_by_channel.month
            and month_channels.channel = costs_by_channel.channel
    left join spends_by_channel
        on
            month_channels.month = spends_by_channel.month
            and month_channels.channel = spends_by_channel.channel
    left join accounts_by_channel
        on
            month_channels.month = accounts_by_channel.month
            and month_channels.channel = accounts_by_channel.channel
    left join months_with_costs
        on month_channels.month = months_with_costs.month

),

final as (

    select
        month,
        channel,
        cost_month,
        cast(recorded_spend_amount as decimal(18, 4)) as recorded_spend_amount,
        marketing_driver,
        cast(marketing_amount as decimal(24, 4)) as marketing_amount,
        sales_driver,
        cast(sales_amount as decimal(24, 4)) as sales_amount,
        cast(sales_amount + marketing_amount as decimal(24, 4))
            as acquisition_cost_amount,
        cast(new_accounts as bigint) as new_accounts,
        case
            when new_accounts > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('(sales_amount + marketing_amount) * 10000'),
                    '(10000 * ' ~ exact_integer('new_accounts') ~ ')'
                ) }}
        end as cac_amount,
        is_complete_month
    from joined

)

select * from final
