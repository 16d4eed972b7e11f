-- Grain: one row per account, subscription item and instant at which its MRR changes,
-- in its currency.
-- Before a first and after a last interval the item has nothing. Only what happened
-- before the as-of.
with

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

neighbours as (

    select
        *,
        lag(valid_to) over (
            partition by account_id, subscription_item_id, currency_code
            order by valid_from
        ) as previous_valid_to,
        lag(price_id) over (
            partition by account_id, subscription_item_id, currency_code
            order by valid_from
        ) as previous_price_id,
        lag(quantity) over (
            partition by account_id, subscription_item_id, currency_code
            order by valid_from
        ) as previous_quantity,
        lag(mrr_amount_in_currency) over (
            partition by account_id, subscription_item_id, currency_code
            order by valid_from
        ) as previous_mrr_amount_in_currency,
        lead(valid_from) over (
            partition by account_id, subscription_item_id, currency_code
            order by valid_from
        ) as next_valid_from
    from intervals

),

starts as (

    select
        subscription_item_id,
        subscription_id,
        account_id,
        currency_code,
        valid_from as changed_at,
        case when previous_valid_to = valid_from then previous_price_id end
            as from_price_id,
        price_id as to_price_id,
        case when previous_valid_to = valid_from then previous_quantity end
            as from_quantity,
        quantity as to_quantity,
        case
            when previous_valid_to = valid_from then previous_mrr_amount_in_currency
            else 0
        end as from_mrr_amount_in_currency,
        mrr_amount_in_currency as to_mrr_amount_in_currency
    from neighbours

),

ends as (

    select
        subscription_item_id,
        subscription_id,
        account_id,
        currency_code,
        valid_to as changed_at,
        price_id as from_price_id,
        cast(null as string) as to_price_id,
        quantity as from_quantity,
        cast(null as bigint) as to_quantity,
        mrr_amount_in_currency as from_mrr_amount_in_currency,
        0 as to_mrr_amount_in_currency
    from neighbours
    where next_valid_from is distinct from valid_to

),

changes as (

    select * from starts
    union all
    select * from ends

),

final as (

    select
        changes.subscription_item_id,
        changes.subscription_id,
        changes.account_id,
        changes.currency_code,
        changes.changed_at,
        cast(
            {{ local_timestamp(
                'changes.changed_at', 'run_settings.reporting_time_zone'
            ) }} as date
        ) as event_date,
        changes.from_price_id,
        changes.to_price_id,
        changes.from_quantity,
        changes.to_quantity,
        cast(
            changes.to_mrr_amount_in_currency - changes.from_mrr_amount_in_currency
            as decimal(18, 4)
        ) as change_amount_in_currency,
        cast(changes.from_mrr_amount_in_currency as decimal(18, 4))
            as from_mrr_amount_in_currency,
        cast(changes.to_mrr_amount_in_currency as decimal(18, 4))
            as to_mrr_amount_in_currency
    from changes
    cross join run_settings
    where
        changes.changed_at < run_settings.as_of_at
        and changes.to_mrr_amount_in_currency <> changes.from_mrr_amount_in_currency

)

select * from final
