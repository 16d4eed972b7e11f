-- Grain: one row per ledger entry, line and accounting book. One that is deleted does
-- not post.
with

source as (

    select * from {{ source('ledger', 'transactionaccountingline') }}

),

final as (

    select
        transaction as transaction_id,
        transactionline as transaction_line_id,
        coalesce(accountingbook, '') as accounting_book_id,
        account as account_id,
        debit as debit_amount,
        credit as credit_amount,
        amount,
        coalesce(_fivetran_deleted, false) as is_deleted,
        coalesce(posting, true)
        and not coalesce(_fivetran_deleted, false) as is_posting
    from source

)

select * from final
