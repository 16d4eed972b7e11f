-- Grain: one row per month of the asset register, bucket and pool: what of its
-- amortisation no account of its own shows, by which the accounts that say nothing of
-- the kind of asset are split.
with

expense_lines as (

    select * from {{ ref('int_expense_lines_classified') }}

),

assets as (

    select * from {{ ref('int_asset_amortization_by_month') }}

),

posted as (

    select
        month,
        bucket,
        pool,
        sum(amount_minor) as posted_minor
    from expense_lines
    where
        account_role = 'amortization'
        and bucket <> 'by_asset'
    group by month, bucket, pool

),

scheduled as (

    select
        month,
        bucket,
        pool,
        sum(amortization_minor) as scheduled_minor
    from assets
    group by month, bucket, pool

),

weights as (

    select
        scheduled.month,
        scheduled.bucket,
        scheduled.pool,
        scheduled.scheduled_minor - coalesce(posted.posted_minor, 0) as share_quantity
    from scheduled
    left join posted
        on
            scheduled.month = posted.month
            and scheduled.bucket = posted.bucket
            and scheduled.pool = posted.pool

),

positive_weights as (

    select * from weights
    where share_quantity > 0

),

totals as (

    select
        month,
        sum(share_quantity) as share_total
    from positive_weights
    group by month

),

final as (

    select
        positive_weights.month,
        positive_weights.bucket,
        positive_weights.pool,
        cast(positive_weights.share_quantity as decimal(20, 0)) as share_quantity,
        cast(totals.share_total as decimal(20, 0)) as share_total
    from positive_weights
    inner join totals
        on positive_weights.month = totals.month

)

select * from final
