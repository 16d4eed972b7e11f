-- The number of minor-unit digits comes from the ISO 4217 table; without it an amount
-- has no size.
select
    'billing.price' as raw_table,
    price_id as row_id,
    'currency' as column_name,
    currency_code as rejected_value,
    'The currency is not in seeds/reference/iso_4217_currencies.csv.' as reason
from {{ ref('int_prices_unioned') }}
where
    is_live
    and minor_unit_digits is null
