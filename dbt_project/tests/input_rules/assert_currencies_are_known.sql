-- The number of minor-unit digits comes from the ISO 4217 table; without it an amount
-- has no size.
with

findings as (

    select
        'billing.price' as raw_table,
        price_id as row_id,
        currency_code
    from {{ ref('int_prices_unioned') }}
    where
        is_live
        and minor_unit_digits is null
    union all
    select
        'billing.invoice' as raw_table,
        invoice_id as row_id,
        currency_code
    from {{ ref('int_invoices_billed') }}
    where minor_unit_digits is null
    union all
    select
        'billing.balance_transaction' as raw_table,
        balance_transaction_id as row_id,
        currency_code
    from {{ ref('int_processor_movements') }}
    where minor_unit_digits is null

)

select
    raw_table,
    row_id,
    'currency' as column_name,
    coalesce(currency_code, 'NULL') as rejected_value,
    'The currency is not in seeds/reference/iso_4217_currencies.csv.' as reason
from findings
