-- Grain: one row per amount spent on marketing; the same may be spent twice a day.
with

source as (

    select * from {{ source('crm', 'marketing_spend') }}

),

final as (

    select
        date as spent_on,
        channel as spend_channel,
        campaign,
        upper(trim(currency)) as currency_code,
        amount as amount_in_currency
    from source

)

select * from final
