-- What a product is decides whether its lines are MRR. A class that the definitions do
-- not name, a misspelling most often, would decide it silently.
with

products as (

    select * from {{ ref('int_products_described') }}

)

select
    'billing.product' as raw_table,
    product_id as row_id,
    'licence_type' as column_name,
    licence_type as rejected_value,
    'Expected subscription, perpetual or maintenance, in the metadata or the catalogue.'
        as reason
from products
where
    is_live
    and licence_type not in ('subscription', 'perpetual', 'maintenance')
union all
select
    'billing.product' as raw_table,
    product_id as row_id,
    'revenue_stream' as column_name,
    revenue_stream as rejected_value,
    'Expected subscription, usage, services, setup, licence or maintenance, in the'
    || ' metadata or the catalogue.' as reason
from products
where
    is_live
    and revenue_stream not in (
        'subscription', 'usage', 'services', 'setup', 'licence', 'maintenance'
    )
