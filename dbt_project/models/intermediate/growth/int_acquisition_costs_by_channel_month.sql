-- Grain: one row per month in which accounts are won, kind of cost (sales, marketing)
-- and acquisition channel that bears some of it or could.
-- What sales and marketing cost in the ledger, so many months before as policy
-- cac_lag_months says, shared to the minor unit by largest remainder: marketing in
-- proportion to the spend that the CRM records by channel, sales, and marketing of
-- which no spend is recorded, by the accounts that were won in the month. Without
-- either it is 'unattributed'. Nothing where neither spend nor a channel is known.
with

months as (

    select * from {{ ref('int_months') }}

),

operating_costs as (

    select * from {{ ref('int_operating_costs_totalled_by_month') }}

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

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

known_channels as (

    select channel from spends
    union
    select channel from acquisitions
    where channel <> 'unknown'

),

evidence as (

    select count(*) as known_channel_count from known_channels

),

costs as (

    select
        months.month,
        operating_costs.month as cost_month,
        currencies.minor_unit_digits,
        {{ minor_units('currencies.minor_unit_digits') }} as minor_units,
        operating_costs.sales_amount,
        operating_costs.marketing_amount
    from months
    cross join run_settings
    cross join evidence
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    inner join operating_costs
        on {{ add_months('months.month', '-run_settings.cac_lag_months') }}
            = operating_costs.month
    where evidence.known_channel_count > 0

),

costs_by_kind as (

    select
        month,
        cost_month,
        minor_unit_digits,
        'sales' as cost_kind,
        {{ exact_integer('sales_amount * minor_units') }} as cost_minor
    from costs
    union all
    select
        month,
        cost_month,
        minor_unit_digits,
        'marketing' as cost_kind,
        {{ exact_integer('marketing_amount * minor_units') }} as cost_minor
    from costs

),

-- What was taken back from a channel does not make another one dearer.
spend_weights as (

    select
        month,
        channel,
        {{ exact_integer('sum(amount) * 10000') }} as weight
    from spends
    group by month, channel
    having sum(amount) > 0

),

account_weights as (

    select
        cohort_month as month,
        channel,
        {{ exact_integer('count(*)') }} as weight
    from acquisitions
    where cohort_month is not null
    group by cohort_month, channel

),

months_with_spend as (

    select distinct month from spend_weights

),

months_with_accounts as (

    select distinct month from account_weights

),

weights as (

    select
        costs_by_kind.month,
        costs_by_kind.cost_kind,
        'recorded spend' as driver,
        spend_weights.channel,
        spend_weights.weight
    from costs_by_kind
    inner join spend_weights
        on costs_by_kind.cost_month = spend_weights.month
    where costs_by_kind.cost_kind = 'marketing'
    union all
    select
        costs_by_kind.month,
        costs_by_kind.cost_kind,
        'new accounts' as driver,
        account_weights.channel,
        account_weights.weight
    from costs_by_kind
    inner join account_weights
        on costs_by_kind.month = account_weights.month
    left join months_with_spend
        on costs_by_kind.cost_month = months_with_spend.month
    where
        costs_by_kind.cost_kind = 'sales'
        or months_with_spend.month is null
    union all
    select
        costs_by_kind.month,
        costs_by_kind.cost_kind,
        'none' as driver,
        'unattributed' as channel,
        {{ exact_integer('1') }} as weight
    from costs_by_kind
    left join months_with_spend
        on costs_by_kind.cost_month = months_with_spend.month
    left join months_with_accounts
        on costs_by_kind.month = months_with_accounts.month
    where
        months_with_accounts.month is null
        and (
            costs_by_kind.cost_kind = 'sales'
            or months_with_spend.month is null
        )

),

totals as (

    select
        month,
        cost_kind,
        {{ exact_integer('sum(weight)') }} as total_weight
    from weights
    group by month, cost_kind

),

products as (

    select
        weights.month,
        weights.cost_kind,
        weights.channel,
        weights.driver,
        weights.weight,
        totals.total_weight,
        costs_by_kind.cost_month,
        costs_by_kind.minor_unit_digits,
        costs_by_kind.cost_minor,
        abs(costs_by_kind.cost_minor) * weights.weight as weighted_cost
    from weights
    inner join totals
        on
            weights.month = totals.month
            and weights.cost_kind = totals.cost_kind
    inner join costs_by_kind
        on
            weights.month = costs_by_kind.month
            and weights.cost_kind = costs_by_kind.cost_kind

),

whole_parts as (

    select
        *,
        {{ whole_quotient('weighted_cost', 'total_weight') }} as whole_part
    from products

),

ranked as (

    select
        *,
        row_number() over (
            partition by month, cost_kind
            order by weighted_cost - whole_part * total_weight desc, channel asc
        ) as remainder_rank,
        abs(cost_minor) - sum(whole_part) over (partition by month, cost_kind)
            as left_over
    from whole_parts

),

final as (

    select
        month,
        cost_kind,
        channel,
        cost_month,
        driver,
        cast(weight as decimal(38, 0)) as driver_quantity,
        {{ minor_to_amount(
            '(case when cost_minor < 0 then -1 else 1 end'
            ~ ' * (whole_part + case when remainder_rank <= left_over then 1 else 0 end))',
            'minor_unit_digits'
        ) }} as amount
    from ranked

)

select * from final
