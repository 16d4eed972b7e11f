-- Grain: one row per deal, property (amount, closedate) and time at which it was set.
-- What the history of a deal says of its amount and its expected close, as far as it
-- can be read. People type amounts; one of more digits than money has is none.
with

property_history as (

    select * from {{ ref('stg_crm__deal_property_history') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

read_values as (

    select
        property_history.deal_id,
        property_history.property_name,
        property_history.valid_from_at,
        property_history.property_value,
        coalesce(trim(property_history.property_value), '') = '' as is_empty,
        case
            when property_history.property_name = 'amount'
                then {{ typed_amount(
                    'property_history.property_value', 'run_settings.crm_currency_code'
                ) }}
        end as amount_in_currency,
        case
            when property_history.property_name = 'closedate'
                then try_cast(trim(property_history.property_value) as timestamp)
        end as close_at
    from property_history
    cross join run_settings
    where property_history.property_name in ('amount', 'closedate')

),

final as (

    select
        *,
        is_empty
        or amount_in_currency is not null
        or close_at is not null as is_readable
    from read_values

)

select * from final
