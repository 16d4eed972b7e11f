-- Grain: one row per segment type, segment, account and month with a cost of revenue.
-- A country or region bears all costs of its accounts; a product, plan, currency,
-- service type or deployment what fell on the prices that the account paid there. Costs
-- of no account are of no segment.
with

costs as (

    select * from {{ ref('int_margins_by_account_price_month') }}
    where
        cost_of_revenue_minor <> 0
        and account_id <> 'unallocated'

),

accounts as (

    select * from {{ ref('int_accounts_segmented') }}

),

prices as (

    select * from {{ ref('int_prices_segmented') }}

),

segmented as (

    select
        costs.account_id,
        costs.month,
        costs.cost_of_revenue_minor,
        costs.minor_unit_digits,
        coalesce(accounts.country, 'unknown') as country,
        coalesce(accounts.region, 'unknown') as region,
        coalesce(prices.product, 'unknown') as product,
        costs.price_id as plan,
        costs.currency_code as currency,
        coalesce(prices.service_type, 'unknown') as service_type,
        coalesce(prices.deployment, 'unknown') as deployment
    from costs
    left join accounts
        on costs.account_id = accounts.account_id
    left join prices
        on costs.price_id = prices.price_id

),

summed as (

    {%- for segment_type in segment_types().split() %}
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        account_id,
        month,
        minor_unit_digits,
        sum(cost_of_revenue_minor) as cost_minor
    from segmented
    group by {{ segment_type }}, account_id, month, minor_unit_digits
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        segment_type,
        segment,
        account_id,
        month,
        {{ minor_to_amount('cost_minor', 'minor_unit_digits') }} as cost_amount
    from summed

)

select * from final
