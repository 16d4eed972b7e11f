-- Grain: one row per deal, property (amount, closedate) and time at which it got a
-- value.
-- From when until when a deal had an amount or an expected close, by the history of its
-- properties; a deal without one has always had what it has now, and one with a history
-- had none before it begins. A value that cannot be read changes nothing.
with

deals as (

    select * from {{ ref('stg_crm__deals') }}

),

property_values as (

    select * from {{ ref('int_deal_property_values') }}

),

-- An amount that was taken away is none from then on.
values_of_history as (

    select
        deal_id,
        property_name,
        valid_from_at,
        amount_in_currency,
        close_at
    from property_values
    where is_readable

),

properties_with_history as (

    select distinct
        deal_id,
        property_name
    from values_of_history

),

unioned as (

    select * from values_of_history
    union all
    select
        deals.deal_id,
        'amount' as property_name,
        {{ start_of_time() }} as valid_from_at,
        try_cast(round(deals.amount_in_currency, 4) as decimal(18, 4))
            as amount_in_currency,
        cast(null as timestamp) as close_at
    from deals
    left join properties_with_history
        on
            deals.deal_id = properties_with_history.deal_id
            and properties_with_history.property_name = 'amount'
    where properties_with_history.deal_id is null
    union all
    select
        deals.deal_id,
        'closedate' as property_name,
        {{ start_of_time() }} as valid_from_at,
        cast(null as decimal(18, 4)) as amount_in_currency,
        deals.close_at
    from deals
    left join properties_with_history
        on
            deals.deal_id = properties_with_history.deal_id
            and properties_with_history.property_name = 'closedate'
    where properties_with_history.deal_id is null

),

final as (

    select
        deal_id,
        property_name,
        valid_from_at,
        coalesce(
            lead(valid_from_at) over (
                partition by deal_id, property_name
                order by valid_from_at
            ),
            {{ end_of_time() }}
        ) as valid_to_at,
        amount_in_currency,
        close_at
    from unioned

)

select * from final
