-- Grain: one row per base currency, transaction currency and day.
with

source as (

    select * from {{ source('ledger', 'currencyrate') }}

),

final as (

    select
        basecurrency as base_currency,
        transactioncurrency as transaction_currency,
        effectivedate as effective_date,
        exchangerate as exchange_rate
    from source

)

select * from final
