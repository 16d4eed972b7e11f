-- Whether a price is recurring and licensed decides whether its lines are MRR; a type
-- that nobody knows is neither guessed nor dropped.
with

prices as (

    select * from {{ ref('int_prices_unioned') }}

)

select
    'billing.price' as raw_table,
    price_id as row_id,
    'type' as column_name,
    price_type as rejected_value,
    'Expected recurring or one_time.' as reason
from prices
where
    is_live
    and price_type not in ('recurring', 'one_time')
union all
select
    'billing.price' as raw_table,
    price_id as row_id,
    'recurring_usage_type' as column_name,
    usage_type as rejected_value,
    'Expected licensed or metered.' as reason
from prices
where
    is_live
    and usage_type not in ('licensed', 'metered')
