-- Grain: one row per segment type, segment, cohort month and months since, up to the
-- month of the as-of.
-- What an account is of as a whole (its country, say) places it in the segment of its
-- first month-end with MRR, and there it stays whatever becomes of it. Of a product,
-- plan, currency, service type or deployment what is retained is the account there, from
-- its first month-end with MRR in it. Margin is retained MRR less the cost of revenue of
-- the same accounts, wherever they stand or in the segment. Definitions 4.
with

account_months as (

    select
        segment_type,
        {{ followed_within('segment_type', 'segment') }} as followed_within,
        account_id,
        month,
        closing
    from {{ ref('int_mrr_by_segment_account_month') }}

),

accounts as (

    select
        segment_type,
        segment,
        {{ followed_within('segment_type', 'segment') }} as followed_within,
        account_id,
        cohort_month,
        initial_mrr
    from {{ ref('int_accounts_started_by_segment') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

costs as (

    select
        segment_type,
        {{ followed_within('segment_type', 'segment') }} as followed_within,
        account_id,
        month,
        cost_amount
    from {{ ref('int_costs_of_revenue_by_segment_account_month') }}

),

months_with_costs as (

    select distinct month from {{ ref('fct_cost_of_revenue_by_account_month') }}

),

cohorts as (

    select
        segment_type,
        segment,
        cohort_month,
        count(*) as cohort_accounts,
        sum(initial_mrr) as cohort_mrr_amount
    from accounts
    group by segment_type, segment, cohort_month

),

-- Many months to one start: this grows with the months, not with their pairs.
retained as (

    select
        accounts.segment_type,
        accounts.segment,
        accounts.cohort_month,
        account_months.month,
        count(*) as retained_accounts,
        sum(account_months.closing) as retained_mrr_amount,
        sum(least(account_months.closing, accounts.initial_mrr))
            as gross_retained_mrr_amount
    from account_months
    inner join accounts
        on
            account_months.segment_type = accounts.segment_type
            and account_months.followed_within = accounts.followed_within
            and account_months.account_id = accounts.account_id
    where account_months.closing > 0
    group by
        accounts.segment_type,
        accounts.segment,
        accounts.cohort_month,
        account_months.month

),

cohort_costs as (

    select
        accounts.segment_type,
        accounts.segment,
        accounts.cohort_month,
        costs.month,
        sum(costs.cost_amount) as cost_amount
    from costs
    inner join accounts
        on
            costs.segment_type = accounts.segment_type
            and costs.followed_within = accounts.followed_within
            and costs.account_id = accounts.account_id
    group by
        accounts.segment_type,
        accounts.segment,
        accounts.cohort_month,
        costs.month

),

cells as (

    select
        cohorts.segment_type,
        cohorts.segment,
        cohorts.cohort_month,
        months.month,
        cohorts.cohort_accounts,
        coalesce(retained.retained_accounts, 0) as retained_accounts,
        cohorts.cohort_mrr_amount,
        coalesce(retained.retained_mrr_amount, 0) as retained_mrr_amount,
        coalesce(retained.gross_retained_mrr_amount, 0) as gross_retained_mrr_amount,
        case
            when months_with_costs.month is not null
                then
                    cast(
                        coalesce(retained.retained_mrr_amount, 0)
                        - coalesce(cohort_costs.cost_amount, 0) as decimal(18, 4)
                    )
        end as margin_amount,
        months.is_complete_month
    from cohorts
    inner join months
        on cohorts.cohort_month <= months.month
    left join retained
        on
            cohorts.segment_type = retained.segment_type
            and cohorts.segment = retained.segment
            and cohorts.cohort_month = retained.cohort_month
            and months.month = retained.month
    left join cohort_costs
        on
            cohorts.segment_type = cohort_costs.segment_type
            and cohorts.segment = cohort_costs.segment
            and cohorts.cohort_month = cohort_costs.cohort_month
            and months.month = cohort_costs.month
    left join months_with_costs
        on months.month = months_with_costs.month

),

final as (

    select
        segment_type,
        segment,
        cohort_month,
        cast({{ months_between_first_days('cohort_month', 'month') }} as integer)
            as months_since,
        month,
        cast(cohort_accounts as integer) as cohort_accounts,
        cast(retained_accounts as integer) as retained_accounts,
        cast(cohort_mrr_amount as decimal(18, 4)) as cohort_mrr_amount,
        cast(retained_mrr_amount as decimal(18, 4)) as retained_mrr_amount,
        cast(gross_retained_mrr_amount as decimal(18, 4)) as gross_retained_mrr_amount,
        margin_amount,
        {{ ratio('retained_accounts', 'cohort_accounts') }} as logo_rate,
        {{ ratio('retained_mrr_amount', 'cohort_mrr_amount') }} as net_revenue_rate,
        {{ ratio('gross_retained_mrr_amount', 'cohort_mrr_amount') }}
            as gross_revenue_rate,
        {{ ratio('margin_amount', 'cohort_mrr_amount') }} as margin_rate,
        is_complete_month
    from cells

)

select * from final
