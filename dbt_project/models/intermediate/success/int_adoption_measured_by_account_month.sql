-- Grain: one row per account and month in which it used the product, was spoken to as a
-- customer or first got value of the product.
-- Seats stand as on the newest day of the month that knows them and those paid for in
-- one record, company by company; a record with none paid for counts on neither side.
-- Users of days are summed over the records that know both of the day and of the month.
with

product_usages as (

    select * from {{ ref('int_product_usages_by_company_day') }}

),

touchpoints as (

    select * from {{ ref('int_touchpoints_attributed') }}

),

activations as (

    select * from {{ ref('int_accounts_activated') }}

),

usage_days as (

    select
        *,
        {{ month_of('usage_date') }} as month
    from product_usages

),

seats_ranked as (

    select
        account_id,
        month,
        seats_active,
        seats_paid,
        rank() over (
            partition by surviving_company_id, month
            order by usage_date desc
        ) as newest_first
    from usage_days
    where
        seats_paid is not null
        and seats_active is not null

),

unioned as (

    select
        account_id,
        month,
        seats_active,
        seats_paid,
        0 as daily_active_users,
        0 as monthly_active_users,
        0 as key_events,
        0 as touchpoints,
        cast(null as bigint) as time_to_value_days
    from seats_ranked
    where
        newest_first = 1
        and seats_paid > 0
    union all
    select
        account_id,
        month,
        0 as seats_active,
        0 as seats_paid,
        case when monthly_active_users is not null then daily_active_users end
            as daily_active_users,
        case when daily_active_users is not null then monthly_active_users end
            as monthly_active_users,
        key_events,
        0 as touchpoints,
        cast(null as bigint) as time_to_value_days
    from usage_days
    union all
    select
        account_id,
        month,
        0 as seats_active,
        0 as seats_paid,
        0 as daily_active_users,
        0 as monthly_active_users,
        0 as key_events,
        1 as touchpoints,
        cast(null as bigint) as time_to_value_days
    from touchpoints
    where is_with_customer
    union all
    select
        account_id,
        month,
        0 as seats_active,
        0 as seats_paid,
        0 as daily_active_users,
        0 as monthly_active_users,
        0 as key_events,
        0 as touchpoints,
        time_to_value_days
    from activations

),

final as (

    select
        account_id,
        month,
        cast(coalesce(sum(seats_active), 0) as bigint) as seats_active,
        cast(coalesce(sum(seats_paid), 0) as bigint) as seats_paid,
        cast(coalesce(sum(daily_active_users), 0) as bigint) as daily_active_users,
        cast(coalesce(sum(monthly_active_users), 0) as bigint) as monthly_active_users,
        cast(coalesce(sum(key_events), 0) as bigint) as key_events,
        cast(sum(touchpoints) as bigint) as touchpoints,
        max(time_to_value_days) as time_to_value_days
    from unioned
    group by account_id, month

)

select * from final
