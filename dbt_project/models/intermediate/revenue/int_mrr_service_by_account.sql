-- Grain: one row per account that ever had MRR: since when, and what kind of product it
-- is served with.
with

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

changes as (

    select * from {{ ref('int_item_mrr_changes') }}

),

movements as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

products as (

    select * from {{ ref('int_products_described') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

first_dates as (

    select
        account_id,
        min(event_date) as first_paid_date
    from changes
    group by account_id

),

cohorts as (

    select
        account_id,
        min(cohort_month) as cohort_month,
        min(initial_mrr) as initial_mrr
    from movements
    group by account_id

),

deployments as (

    select
        intervals.account_id,
        min(products.deployment) as first_deployment,
        max(products.deployment) as last_deployment
    from intervals
    inner join prices
        on intervals.price_id = prices.price_id
    inner join products
        on prices.product_id = products.product_id
    -- What is billed ahead begins later.
    inner join run_settings
        on intervals.valid_from < run_settings.as_of_at
    where intervals.mrr_amount_in_currency > 0
    group by intervals.account_id

),

final as (

    select
        first_dates.account_id,
        first_dates.first_paid_date,
        cohorts.cohort_month,
        cohorts.initial_mrr,
        case
            when deployments.first_deployment = deployments.last_deployment
                then deployments.first_deployment
            when deployments.first_deployment is not null then 'mixed'
        end as deployment
    from first_dates
    left join cohorts
        on first_dates.account_id = cohorts.account_id
    left join deployments
        on first_dates.account_id = deployments.account_id

)

select * from final
