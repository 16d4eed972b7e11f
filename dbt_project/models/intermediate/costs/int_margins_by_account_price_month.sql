-- Grain: one row per account, price, currency and month with revenue or a cost that
-- accounts cause: every amount of the gross margin, whole minor units of the reporting
-- currency, each of which adds up over accounts and prices.
-- Customer success counts as cost of revenue where the policy says so; beside it stand
-- the margins with and without. In a month without any expense in the ledger no margin
-- is known: NULL. Definitions 6.
{%- set cost_kinds = direct_buckets().split() + [
    'overhead', 'customer_success', 'customer_success_overhead'
] %}
with

revenue as (

    select * from {{ ref('int_revenue_by_account_price_month') }}

),

costs as (

    select * from {{ ref('int_costs_by_account_price_month') }}

),

operating_costs as (

    select * from {{ ref('int_operating_costs_by_month') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

months_with_costs as (

    select distinct month from operating_costs

),

amounts as (

    select
        account_id,
        price_id,
        currency_code,
        month,
        margin_line,
        'revenue' as kind,
        false as is_direct,
        revenue_minor as amount_minor
    from revenue
    union all
    select
        account_id,
        price_id,
        currency_code,
        month,
        margin_line,
        cost_kind as kind,
        -- A cost of revenue whatever the policies.
        cost_kind not in ('customer_success', 'customer_success_overhead') as is_direct,
        amount_minor
    from costs

),

summed as (

    select
        account_id,
        price_id,
        currency_code,
        month,
        {%- for kind in cost_kinds %}
        sum(case when kind = '{{ kind }}' then amount_minor else 0 end)
            as {{ kind }}_minor,
        {%- endfor %}
        sum(
            case
                when kind = 'revenue' and margin_line = 'subscription'
                    then amount_minor
                else 0
            end
        ) as subscription_revenue_minor,
        sum(
            case
                when kind = 'revenue' and margin_line = 'services' then amount_minor
                else 0
            end
        ) as services_revenue_minor,
        sum(
            case
                when is_direct and margin_line = 'subscription' then amount_minor
                else 0
            end
        ) as subscription_direct_minor,
        sum(
            case
                when is_direct and margin_line = 'services' then amount_minor
                else 0
            end
        ) as services_direct_minor
    from amounts
    group by account_id, price_id, currency_code, month

),

with_costs as (

    select
        summed.*,
        summed.subscription_revenue_minor + summed.services_revenue_minor
            as total_revenue_minor,
        summed.subscription_direct_minor + case
            when run_settings.is_customer_success_in_cor
                then
                    summed.customer_success_minor
                    + summed.customer_success_overhead_minor
            else 0
        end as subscription_cost_minor,
        summed.services_direct_minor as services_cost_minor,
        currencies.minor_unit_digits,
        months_with_costs.month is not null as has_costs
    from summed
    cross join run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code
    left join months_with_costs
        on summed.month = months_with_costs.month

),

final as (

    select
        account_id,
        price_id,
        currency_code,
        month,
        minor_unit_digits,
        {%- for measure in margin_measures().split()
            if measure not in margins().split()
            and measure != 'cost_of_revenue' %}
        cast({{ measure }}_minor as decimal(20, 0)) as {{ measure }}_minor,
        {%- endfor %}
        cast(subscription_cost_minor + services_cost_minor as decimal(20, 0))
            as cost_of_revenue_minor,
        case
            when has_costs
                then
                    cast(
                        subscription_revenue_minor
                        - subscription_cost_minor as decimal(20, 0)
                    )
        end as subscription_margin_minor,
        case
            when has_costs
                then
                    cast(
                        services_revenue_minor - services_cost_minor as decimal(20, 0)
                    )
        end as services_margin_minor,
        case
            when has_costs
                then
                    cast(
                        total_revenue_minor
                        - subscription_cost_minor
                        - services_cost_minor as decimal(20, 0)
                    )
        end as total_margin_minor,
        case
            when has_costs
                then
                    cast(
                        subscription_revenue_minor
                        - subscription_direct_minor as decimal(20, 0)
                    )
        end as subscription_margin_excluding_customer_success_minor,
        case
            when has_costs
                then
                    cast(
                        subscription_revenue_minor
                        - subscription_direct_minor
                        - customer_success_minor
                        - customer_success_overhead_minor as decimal(20, 0)
                    )
        end as subscription_margin_including_customer_success_minor,
        case
            when has_costs
                then
                    cast(
                        total_revenue_minor
                        - subscription_direct_minor
                        - services_direct_minor as decimal(20, 0)
                    )
        end as total_margin_excluding_customer_success_minor,
        case
            when has_costs
                then
                    cast(
                        total_revenue_minor
                        - subscription_direct_minor
                        - services_direct_minor
                        - customer_success_minor
                        - customer_success_overhead_minor as decimal(20, 0)
                    )
        end as total_margin_including_customer_success_minor
    from with_costs

)

select * from final
