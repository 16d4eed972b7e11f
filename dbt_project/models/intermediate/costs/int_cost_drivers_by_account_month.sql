-- Grain: one row per driver, account and month with a quantity: what the costs of
-- accounts are shared by.
-- A quantity below zero shares in nothing; only fees of the payment processor, which
-- may be given back, keep their sign.
with

usage as (

    select * from {{ ref('int_usage_by_account_month') }}

),

service as (

    select * from {{ ref('int_service_by_account_month') }}

),

fees as (

    select * from {{ ref('int_processor_fees_by_account_month') }}

),

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_account_price_month') }}

),

quantities as (

    select
        driver,
        month,
        account_id,
        quantity
    from usage
    union all
    select
        driver,
        month,
        account_id,
        quantity
    from service
    union all
    select
        'processor_fees' as driver,
        month,
        account_id,
        fee_reporting_minor as quantity
    from fees
    union all
    select
        'mrr' as driver,
        month,
        account_id,
        cast(mrr as decimal(38, 6)) as quantity
    from mrr_measures
    union all
    select
        margin_line || '_revenue' as driver,
        month,
        account_id,
        cast(sum(revenue_minor) as decimal(38, 6)) as quantity
    from revenue
    group by margin_line, month, account_id

),

final as (

    select
        driver,
        month,
        account_id,
        quantity
    from quantities
    where
        quantity > 0
        or (
            quantity < 0
            and driver = 'processor_fees'
        )

)

select * from final
