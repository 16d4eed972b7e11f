-- Grain: one row per known open item of a control.
with

source as (

    select * from {{ source('policy', 'open_items') }}

),

final as (

    select
        open_item,
        control,
        first_period,
        last_period,
        dimension,
        currency_code,
        amount,
        owner,
        reason,
        expires_on
    from source

)

select * from final
