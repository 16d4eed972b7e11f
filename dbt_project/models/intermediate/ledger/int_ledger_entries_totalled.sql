-- Grain: one row per ledger entry with lines, with its debits and credits, both
-- positive.
with

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

final as (

    select
        transaction_id,
        month,
        currency_code,
        document_id,
        count(*) as line_count,
        cast(
            sum(case when amount > 0 then amount else 0 end) as decimal(24, 4)
        ) as debit_amount,
        cast(
            sum(case when amount < 0 then -amount else 0 end) as decimal(24, 4)
        ) as credit_amount,
        cast(
            sum(case when amount_in_currency > 0 then amount_in_currency else 0 end)
            as decimal(24, 4)
        ) as debit_amount_in_currency,
        cast(
            sum(case when amount_in_currency < 0 then -amount_in_currency else 0 end)
            as decimal(24, 4)
        ) as credit_amount_in_currency
    from lines
    group by transaction_id, month, currency_code, document_id

)

select * from final
