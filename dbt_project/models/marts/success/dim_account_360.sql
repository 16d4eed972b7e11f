-- Grain: one row per account: what is known of it at the as-of, at a glance.
-- Each number is the one of the mart that it comes from. "A year" is the month of the
-- as-of and the eleven before it.
with

accounts as (

    select * from {{ ref('dim_accounts') }}

),

relations as (

    select * from {{ ref('int_relations_described_by_account') }}

),

mrr as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

revenue as (

    select * from {{ ref('fct_revenue_by_account_month') }}

),

margins as (

    select * from {{ ref('fct_gross_margin_by_account_month') }}

),

health as (

    select * from {{ ref('fct_health_by_account_month') }}

),

run_settings as (

    select
        as_of_at,
        {{ month_of('as_of_date') }} as this_month,
        {{ add_months(month_of('as_of_date'), -11) }} as first_month
    from {{ ref('int_run_settings') }}

),

mrr_now as (

    select mrr.*
    from mrr
    inner join run_settings
        on mrr.month = run_settings.this_month

),

revenue_of_accounts as (

    select
        revenue.account_id,
        sum(revenue.net_revenue_reporting_amount) as lifetime_revenue_amount
    from revenue
    inner join run_settings
        on revenue.month <= run_settings.this_month
    group by revenue.account_id

),

margins_of_accounts as (

    select
        margins.account_id,
        sum(margins.total_revenue_amount) as revenue_amount,
        sum(margins.cost_of_revenue_amount) as cost_of_revenue_amount,
        -- The base of the rate: months with expenses in the ledger.
        sum(
            case
                when margins.total_margin_amount is not null
                    then margins.total_revenue_amount
                else 0
            end
        ) as margin_revenue_amount,
        sum(margins.total_margin_amount) as margin_amount
    from margins
    inner join run_settings
        on
            margins.month >= run_settings.first_month
            and margins.month <= run_settings.this_month
    group by margins.account_id

),

health_numbered as (

    select
        *,
        row_number() over (partition by account_id order by month desc) as month_number
    from health

),

final as (

    select
        accounts.account_id,
        accounts.account_name,
        accounts.parent_account_id,
        accounts.billing_customer_ids,
        accounts.crm_company_id,
        accounts.match_method,
        accounts.country,
        accounts.region,
        accounts.vertical,
        accounts.organization_size,
        accounts.acquisition_channel,
        accounts.deployment,
        relations.owner_id,
        accounts.first_paid_date,
        accounts.cohort_month,
        coalesce(mrr_now.closing_mrr_amount > 0, false) as is_paying,
        cast(coalesce(mrr_now.closing_mrr_amount, 0) as decimal(18, 4)) as mrr_amount,
        cast(coalesce(mrr_now.arr_amount, 0) as decimal(18, 4)) as arr_amount,
        cast(coalesce(mrr_now.mrr_at_risk_amount, 0) as decimal(18, 4))
            as mrr_at_risk_amount,
        cast(coalesce(mrr_now.mrr_past_due_amount, 0) as decimal(18, 4))
            as mrr_past_due_amount,
        cast(coalesce(revenue_of_accounts.lifetime_revenue_amount, 0) as decimal(24, 4))
            as lifetime_revenue_amount,
        cast(coalesce(margins_of_accounts.revenue_amount, 0) as decimal(24, 4))
            as year_revenue_amount,
        -- What nothing was posted for is not known to cost nothing.
        case
            when margins_of_accounts.margin_amount is not null
                then
                    cast(
                        margins_of_accounts.cost_of_revenue_amount as decimal(24, 4)
                    )
        end as year_cost_of_revenue_amount,
        cast(margins_of_accounts.margin_amount as decimal(24, 4)) as year_margin_amount,
        {{ ratio(
            'margins_of_accounts.margin_amount',
            'margins_of_accounts.margin_revenue_amount'
        ) }} as year_margin_rate,
        cast(relations.receivable_amount as decimal(18, 4)) as receivable_amount,
        health_numbered.month as health_month,
        health_numbered.score as health_score,
        health_numbered.coverage as health_coverage,
        health_numbered.band as health_band,
        case
            when relations.nps_respondents > 0
                then
                    cast(
                        {{ round_quotient_to_mrr(
                            exact_integer('relations.nps_points'),
                            exact_integer('relations.nps_respondents')
                        ) }} as decimal(9, 4)
                    )
        end as nps_score,
        cast(coalesce(relations.nps_respondents, 0) as bigint) as nps_respondents,
        cast(relations.seats_active as bigint) as seats_active,
        cast(relations.seats_paid as bigint) as seats_paid,
        {{ ratio('relations.seats_active', 'relations.seats_paid') }} as adoption_rate,
        relations.last_usage_date,
        relations.time_to_value_days,
        cast(relations.tickets_of_a_year as bigint) as year_tickets,
        cast(relations.open_tickets as bigint) as open_tickets,
        relations.entitlement_basis,
        -- Service that is invoiced without an end has none.
        case
            when relations.entitled_until_at < {{ end_of_time() }}
                then relations.entitled_until_at
        end as entitled_until_at,
        relations.next_renewal_date,
        relations.last_touched_at
    from accounts
    left join relations
        on accounts.account_id = relations.account_id
    left join mrr_now
        on accounts.account_id = mrr_now.account_id
    left join revenue_of_accounts
        on accounts.account_id = revenue_of_accounts.account_id
    left join margins_of_accounts
        on accounts.account_id = margins_of_accounts.account_id
    left join health_numbered
        on
            accounts.account_id = health_numbered.account_id
            and health_numbered.month_number = 1

)

select * from final
