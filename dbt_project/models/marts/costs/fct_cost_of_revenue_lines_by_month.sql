-- Grain: one row per month, bucket and account of the ledger (or 'allocated') with a
-- cost of revenue.
-- A line below the materiality of its month is shown as 'other', and flagged again when
-- it grows faster than revenue. The overhead that was allocated to what the customer
-- buys is a line of its own, so that the lines sum to the cost of revenue.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

pools as (

    select * from {{ ref('int_account_cost_pools_by_month') }}

),

margins as (

    select * from {{ ref('fct_gross_margin_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

all_lines as (

    select
        month,
        bucket,
        account_id as ledger_account_id,
        account_number,
        account_name,
        amount_minor
    from cost_lines
    where is_direct
    union all
    select
        pools.month,
        pools.bucket,
        'allocated' as ledger_account_id,
        cast(null as string) as account_number,
        'Allocated overhead' as account_name,
        pools.amount_minor
    from pools
    cross join run_settings
    where
        pools.bucket = 'overhead'
        and (
            pools.followed_bucket <> 'customer_success'
            or run_settings.is_customer_success_in_cor
        )

),

summed as (

    select
        month,
        bucket,
        ledger_account_id,
        max(account_number) as account_number,
        max(account_name) as account_name,
        sum(amount_minor) as amount_minor
    from all_lines
    group by month, bucket, ledger_account_id
    having sum(amount_minor) <> 0

),

valued as (

    select
        summed.month,
        summed.bucket,
        summed.ledger_account_id,
        summed.account_number,
        summed.account_name,
        {{ minor_to_amount('summed.amount_minor', 'currencies.minor_unit_digits') }}
            as amount,
        coalesce(margins.total_revenue_amount, 0) as revenue_amount,
        {{ add_months('summed.month', '-run_settings.materiality_growth_months') }}
            as earlier_month,
        greatest(
            run_settings.materiality_floor_amount,
            run_settings.materiality_revenue_share
            * coalesce(margins.total_revenue_amount, 0)
        ) as materiality_amount
    from summed
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    left join margins
        on summed.month = margins.month

),

compared as (

    select
        valued.*,
        coalesce(earlier_lines.amount, 0) as earlier_amount,
        coalesce(margins.total_revenue_amount, 0) as earlier_revenue_amount
    from valued
    left join valued as earlier_lines
        on
            valued.earlier_month = earlier_lines.month
            and valued.bucket = earlier_lines.bucket
            and valued.ledger_account_id = earlier_lines.ledger_account_id
    left join margins
        on valued.earlier_month = margins.month

),

final as (

    select
        compared.month,
        compared.bucket,
        compared.ledger_account_id,
        compared.account_number,
        compared.account_name,
        compared.amount,
        cast(compared.materiality_amount as decimal(24, 4)) as materiality_amount,
        abs(compared.amount) >= compared.materiality_amount as is_material,
        case
            when abs(compared.amount) < compared.materiality_amount then 'other'
            else compared.account_name
        end as shown_as,
        cast(compared.earlier_amount as decimal(24, 4)) as earlier_amount,
        {{ ratio('compared.amount', 'compared.earlier_amount') }} - 1 as growth_rate,
        cast(compared.revenue_amount as decimal(24, 4)) as revenue_amount,
        cast(compared.earlier_revenue_amount as decimal(24, 4))
            as earlier_revenue_amount,
        {{ ratio('compared.revenue_amount', 'compared.earlier_revenue_amount') }} - 1
            as revenue_growth_rate,
        -- The rates themselves are binary: compare what they stand for.
        case
            when compared.earlier_amount > 0 and compared.earlier_revenue_amount > 0
                then
                    {{ exact_integer('compared.amount * 10000') }}
                    * {{ exact_integer('compared.earlier_revenue_amount * 10000') }}
                    > {{ exact_integer('compared.revenue_amount * 10000') }}
                    * {{ exact_integer('compared.earlier_amount * 10000') }}
        end as is_growing_faster_than_revenue,
        coalesce(months.is_complete_month, true) as is_complete_month
    from compared
    left join months
        on compared.month = months.month

)

select * from final
