-- Grain: one row per deal, property (amount, closedate) and time at which it got a
-- value.
-- From when until when a deal had an amount or an expected close, by the history of its
-- properties; a deal without one has always had what it has now, and one with a history
-- had none before it begins. A value that cannot be read changes nothing.
with

deals as (

    select * from {{ ref('stg_crm__deals') }}

),

property_history as (

    select * from {{ ref('stg_crm__deal_property_history') }}

),

-- An amount of more digits than money has is none that can be read.
read_values as (

    select
        deal_id,
        property_name,
        valid_from_at,
        case
            when property_name = 'amount'
                then
                    try_cast(
                        round(try_cast(trim(property_value) as decimal(38, 6)), 4)
                        as decimal(18, 4)
                    )
        end as amount_in_currency,
        case
            when property_name = 'closedate'
                then try_cast(trim(property_value) as timestamp)
        end as close_at
    from property_history
    where property_name in ('amount', 'closedate')

),

-- An amount that was taken away is none from then on.
values_of_history as (

    select
        read_values.deal_id,
        read_values.property_name,
        read_values.valid_from_at,
        read_values.amount_in_currency,
        read_values.close_at
    from read_values
    inner join property_history
        on
            read_values.deal_id = property_history.deal_id
            and read_values.property_name = property_history.property_name
            and read_values.valid_from_at = property_history.valid_from_at
    where
        read_values.amount_in_currency is not null
        or read_values.close_at is not null
        or coalesce(trim(property_history.property_value), '') = ''

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
