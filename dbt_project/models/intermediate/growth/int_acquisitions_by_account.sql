-- Grain: one row per account that ever paid: since when, and by which channel it was
-- won.
-- The channel is the segment that the account has in the month from which it first
-- pays, 'unknown' where nothing says.
with

services as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

account_segments as (

    select * from {{ ref('int_account_segments_dated') }}

),

paid as (

    select
        account_id,
        first_paid_date,
        {{ month_of('first_paid_date') }} as first_paid_month,
        cohort_month
    from services
    where first_paid_date is not null

),

final as (

    select
        paid.account_id,
        paid.first_paid_date,
        paid.first_paid_month,
        paid.cohort_month,
        coalesce(account_segments.acquisition_channel, 'unknown') as channel
    from paid
    left join account_segments
        on
            paid.account_id = account_segments.account_id
            and paid.first_paid_month >= account_segments.valid_from
            and paid.first_paid_month < account_segments.valid_to

)

select * from final
