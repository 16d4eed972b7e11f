-- A quantity beyond the last tier has no price.
select
    'billing.invoice_line_item' as raw_table,
    intervals.invoice_line_item_id as row_id,
    'quantity' as column_name,
    cast(intervals.billable_quantity as string) as rejected_value,
    'The quantity lies beyond the last tier of price '
    || intervals.price_id
    || '.' as reason
from {{ ref('int_item_service_intervals') }} as intervals
inner join {{ ref('int_price_quantities_valued') }} as valued_quantities
    on
        intervals.price_id = valued_quantities.price_id
        and intervals.billable_quantity = valued_quantities.billable_quantity
where valued_quantities.mrr_amount_in_currency is null
