-- Grain: one row per month.
-- What it cost to win the new accounts of a month, what an account is worth, and how
-- growth and spending go together; each ratio beside what it divides. Definitions 3.
with

months as (

    select * from {{ ref('dim_months') }}

),

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

gross_margins as (

    select * from {{ ref('fct_gross_margin_by_month') }}

),

operating_costs as (

    select * from {{ ref('int_operating_costs_totalled_by_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

sales_and_marketing as (

    select
        month,
        sales_amount + marketing_amount as sales_and_marketing_amount
    from operating_costs

),

-- The three months before the last three; a quarter with a month of which the ledger
-- has nothing is not known.
quarters_before as (

    select
        months.month,
        sum(sales_and_marketing.sales_and_marketing_amount)
            as sales_and_marketing_amount
    from months
    inner join sales_and_marketing
        on
            {{ add_months('months.month', -5) }} <= sales_and_marketing.month
            and {{ add_months('months.month', -3) }} >= sales_and_marketing.month
    group by months.month
    having count(*) = 3

),

measured as (

    select
        months.month,
        months.is_complete_month,
        run_settings.clv_cap_months,
        operating_costs.sales_amount,
        operating_costs.marketing_amount,
        operating_costs.operating_cost_amount,
        spent_before.sales_and_marketing_amount as acquisition_cost_amount,
        quarters_before.sales_and_marketing_amount
            as quarter_before_sales_and_marketing_amount,
        bridge.new_amount as new_mrr_amount,
        bridge.closing_mrr_amount,
        bridge.arpa_amount,
        bridge.arr_amount,
        bridges_before.arr_amount as quarter_before_arr_amount,
        bridge.new_account_count as new_accounts,
        bridge.opening_account_count as opening_accounts,
        bridge.churn_account_count as churned_accounts,
        bridge.closing_account_count as closing_accounts,
        -- Without costs of the month there is revenue, and no margin.
        case
            when operating_costs.month is not null
                then coalesce(gross_margins.subscription_revenue_amount, 0)
        end as subscription_revenue_amount,
        case
            when operating_costs.month is not null
                then coalesce(gross_margins.subscription_margin_amount, 0)
        end as subscription_margin_amount,
        coalesce(gross_margins.total_revenue_amount, 0) as total_revenue_amount,
        case
            when months_before.month is not null
                then coalesce(margins_before.total_revenue_amount, 0)
        end as year_before_total_revenue_amount
    from months
    cross join run_settings
    inner join bridge
        on months.month = bridge.month
    left join bridge as bridges_before
        on {{ add_months('months.month', -3) }} = bridges_before.month
    left join gross_margins
        on months.month = gross_margins.month
    left join months as months_before
        on {{ add_months('months.month', -12) }} = months_before.month
    left join gross_margins as margins_before
        on {{ add_months('months.month', -12) }} = margins_before.month
    left join operating_costs
        on months.month = operating_costs.month
    left join sales_and_marketing as spent_before
        on {{ add_months('months.month', '-run_settings.cac_lag_months') }}
            = spent_before.month
    left join quarters_before
        on months.month = quarters_before.month

),

-- The capped lifetime as a fraction: accounts at the opening over those that left, at
-- most so many months; where nobody left, the cap.
lifetimes as (

    select
        *,
        case
            when opening_accounts <= 0 then null
            when opening_accounts <= clv_cap_months * churned_accounts
                then opening_accounts
            else clv_cap_months
        end as capped_lifetime_numerator,
        case
            when opening_accounts <= clv_cap_months * churned_accounts
                then churned_accounts
            else 1
        end as capped_lifetime_denominator
    from measured

),

valued as (

    select
        *,
        total_revenue_amount - operating_cost_amount as operating_income_amount,
        arr_amount - quarter_before_arr_amount as quarterly_arr_change_amount,
        total_revenue_amount
        - year_before_total_revenue_amount as yearly_revenue_change_amount,
        case
            when new_accounts > 0
                then {{ round_quotient_to_mrr(
                    exact_integer('acquisition_cost_amount * 10000'),
                    '(10000 * ' ~ exact_integer('new_accounts') ~ ')'
                ) }}
        end as cac_amount,
        case
            when subscription_revenue_amount > 0
                then {{ round_quotient_to_mrr(
                    '(' ~ exact_integer('new_mrr_amount * 10000')
                    ~ ' * ' ~ exact_integer('subscription_margin_amount * 10000') ~ ')',
                    '(10000 * ' ~ exact_integer('subscription_revenue_amount * 10000')
                    ~ ')'
                ) }}
        end as new_mrr_margin_amount,
        case
            when closing_accounts > 0 and churned_accounts > 0
                then {{ round_quotient_to_mrr(
                    '(' ~ exact_integer('closing_mrr_amount * 10000')
                    ~ ' * opening_accounts)',
                    '(10000 * ' ~ exact_integer('closing_accounts')
                    ~ ' * churned_accounts)'
                ) }}
        end as clv_amount,
        case
            when
                closing_accounts > 0
                and churned_accounts > 0
                and subscription_revenue_amount > 0
                then {{ round_quotient_to_mrr(
                    '(' ~ exact_integer('closing_mrr_amount * 10000')
                    ~ ' * opening_accounts * '
                    ~ exact_integer('subscription_margin_amount * 10000') ~ ')',
                    '(10000 * ' ~ exact_integer('closing_accounts')
                    ~ ' * churned_accounts * '
                    ~ exact_integer('subscription_revenue_amount * 10000') ~ ')'
                ) }}
        end as clv_margin_amount,
        case
            when closing_accounts > 0 and subscription_revenue_amount > 0
                then {{ round_quotient_to_mrr(
                    '(' ~ exact_integer('closing_mrr_amount * 10000')
                    ~ ' * capped_lifetime_numerator * '
                    ~ exact_integer('subscription_margin_amount * 10000') ~ ')',
                    '(10000 * ' ~ exact_integer('closing_accounts')
                    ~ ' * capped_lifetime_denominator * '
                    ~ exact_integer('subscription_revenue_amount * 10000') ~ ')'
                ) }}
        end as clv_capped_amount
    from lifetimes

),

final as (

    select
        month,
        sales_amount,
        marketing_amount,
        cast(sales_amount + marketing_amount as decimal(24, 4))
            as sales_and_marketing_amount,
        cast(acquisition_cost_amount as decimal(24, 4)) as acquisition_cost_amount,
        new_accounts,
        cac_amount,
        new_mrr_amount,
        cast(subscription_revenue_amount as decimal(24, 4))
            as subscription_revenue_amount,
        cast(subscription_margin_amount as decimal(24, 4))
            as subscription_margin_amount,
        {{ ratio('subscription_margin_amount', 'subscription_revenue_amount') }}
            as subscription_margin_rate,
        new_mrr_margin_amount,
        {{ ratio('acquisition_cost_amount', 'new_mrr_margin_amount') }}
            as payback_months,
        opening_accounts,
        churned_accounts,
        {{ ratio('churned_accounts', 'opening_accounts') }} as logo_churn_rate,
        {{ ratio('opening_accounts', 'churned_accounts') }} as average_lifetime_months,
        {{ ratio('capped_lifetime_numerator', 'capped_lifetime_denominator') }}
            as capped_lifetime_months,
        closing_mrr_amount,
        closing_accounts,
        arpa_amount,
        clv_amount,
        clv_margin_amount,
        clv_capped_amount,
        {{ ratio('clv_margin_amount', 'cac_amount') }} as clv_to_cac,
        {{ ratio('clv_capped_amount', 'cac_amount') }} as clv_capped_to_cac,
        arr_amount,
        quarter_before_arr_amount,
        cast(quarterly_arr_change_amount as decimal(18, 4))
            as quarterly_arr_change_amount,
        cast(quarter_before_sales_and_marketing_amount as decimal(24, 4))
            as quarter_before_sales_and_marketing_amount,
        {{ ratio(
            'quarterly_arr_change_amount', 'quarter_before_sales_and_marketing_amount'
        ) }} as magic_number,
        cast(total_revenue_amount as decimal(24, 4)) as total_revenue_amount,
        cast(year_before_total_revenue_amount as decimal(24, 4))
            as year_before_total_revenue_amount,
        cast(yearly_revenue_change_amount as decimal(24, 4))
            as yearly_revenue_change_amount,
        {{ ratio('yearly_revenue_change_amount', 'year_before_total_revenue_amount') }}
            as revenue_growth_rate,
        operating_cost_amount,
        cast(operating_income_amount as decimal(24, 4)) as operating_income_amount,
        {{ ratio('operating_income_amount', 'total_revenue_amount') }}
            as operating_margin_rate,
        {{ ratio('yearly_revenue_change_amount', 'year_before_total_revenue_amount') }}
        + {{ ratio('operating_income_amount', 'total_revenue_amount') }} as rule_of_40,
        is_complete_month
    from valued

)

select * from final
