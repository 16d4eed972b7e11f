-- Grain: one row per ledger entry. One that is deleted does not post.
with

source as (

    select * from {{ source('ledger', 'transaction') }}

),

final as (

    select
        id as transaction_id,
        transactionnumber as transaction_number,
        type as transaction_type,
        postingperiod as accounting_period_id,
        currency as currency_id,
        entity as entity_id,
        reversal as reversal_transaction_id,
        externalid as external_id,
        memo,
        trandate as transaction_date,
        exchangerate as exchange_rate,
        createddate as created_at,
        lastmodifieddate as modified_at,
        coalesce(_fivetran_deleted, false) as is_deleted,
        coalesce(posting, true)
        and not coalesce(_fivetran_deleted, false) as is_posting
    from source

)

select * from final
