-- An item that is agreed and was never in service is worth its present price and
-- quantity; where these cannot be read nothing is guessed and nothing left out.
with

commitments as (

    select * from {{ ref('int_committed_items') }}

),

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

valued_quantities as (

    select * from {{ ref('int_price_quantities_valued') }}

),

served_items as (

    select distinct subscription_item_id from intervals

),

agreed_items as (

    select
        commitments.*,
        valued_quantities.mrr_amount_in_currency
    from commitments
    left join served_items
        on commitments.subscription_item_id = served_items.subscription_item_id
    left join valued_quantities
        on
            commitments.price_id = valued_quantities.price_id
            and commitments.billable_quantity = valued_quantities.billable_quantity
    where
        served_items.subscription_item_id is null
        -- Only what the export still has as an item.
        and commitments.has_price is not null

),

findings as (

    select
        subscription_item_id,
        'price_id' as column_name,
        coalesce(stated_price_id, 'NULL') as rejected_value,
        'The item is agreed for later on a price that is not in the export.' as reason
    from agreed_items
    where not has_price
    union all
    select
        subscription_item_id,
        'quantity' as column_name,
        coalesce(cast(stated_quantity as string), 'NULL') as rejected_value,
        'The item is agreed for later and needs a quantity of 0 or more, and a'
        || ' minimum_quantity, where it has one, that is a whole number (it has '
        || coalesce(stated_minimum_quantity, 'none')
        || ').' as reason
    from agreed_items
    where
        price_id is not null
        and billable_quantity is null
    union all
    select
        subscription_item_id,
        'price_id' as column_name,
        price_id as rejected_value,
        'The item is agreed for later, and nothing says what '
        || cast(billable_quantity as string)
        || ' of this price cost.' as reason
    from agreed_items
    where
        billable_quantity is not null
        and mrr_amount_in_currency is null

)

select
    'billing.subscription_item' as raw_table,
    subscription_item_id as row_id,
    column_name,
    rejected_value,
    reason
from findings
