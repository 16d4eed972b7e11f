-- Revenue is of subscription or of services; a stream that the cost mappings call
-- neither would be in no margin.
with

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

mappings as (

    select * from {{ ref('int_cost_mappings_overridden') }}

),

streams as (

    select
        stream,
        count(distinct invoice_line_item_id) as line_count,
        min(invoice_line_item_id) as first_line_id
    from revenue
    group by stream

)

select
    'policy.cost_mappings' as raw_table,
    streams.stream as row_id,
    'target' as column_name,
    coalesce(mappings.target, 'NULL') as rejected_value,
    'Revenue of the stream '
    || streams.stream
    || ' ('
    || cast(streams.line_count as string)
    || ' invoice lines, among them '
    || streams.first_line_id
    || ') is of no margin. Add a row to cost_mappings: revenue_stream, '
    || streams.stream
    || ', subscription or services.' as reason
from streams
left join mappings
    on
        mappings.mapping = 'revenue_stream'
        and streams.stream = mappings.value
where coalesce(mappings.target, 'NULL') not in ('subscription', 'services')
