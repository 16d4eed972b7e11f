-- Grain: one row per performance obligation (line and obligation) and part: one part
-- per reduction of it, and last what is kept.
-- A part is the amount between two marks on the obligation, from_minor to to_minor; the
-- schedule rounds at the marks, so that the parts of an obligation always sum to it.
with

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

reduced_elements as (

    select * from {{ ref('int_invoice_reductions_by_obligation') }}

),

reduced_parts as (

    select
        element_id as invoice_line_item_id,
        invoice_id,
        obligation,
        reduction_number as part_number,
        reduction_kind as part_kind,
        reduction_id,
        reduced_on,
        undone_on,
        sum(reduced_minor) over (
            partition by invoice_id, element_id, obligation
            order by reduction_number
            rows between unbounded preceding and current row
        ) as to_minor,
        reduced_minor
    from reduced_elements
    where obligation <> 'tax'

),

reduced_sums as (

    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        max(part_number) as part_count,
        sum(reduced_minor) as reduced_minor
    from reduced_parts
    group by invoice_line_item_id, invoice_id, obligation

),

parts as (

    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        part_number,
        part_kind,
        reduction_id,
        reduced_on,
        undone_on,
        to_minor - reduced_minor as from_minor,
        to_minor
    from reduced_parts
    where reduced_minor <> 0
    union all
    select
        performance_obligations.invoice_line_item_id,
        performance_obligations.invoice_id,
        performance_obligations.obligation,
        coalesce(reduced_sums.part_count, 0) + 1 as part_number,
        'kept' as part_kind,
        cast(null as string) as reduction_id,
        cast(null as date) as reduced_on,
        cast(null as date) as undone_on,
        coalesce(reduced_sums.reduced_minor, 0) as from_minor,
        performance_obligations.net_minor as to_minor
    from performance_obligations
    left join reduced_sums
        on
            performance_obligations.invoice_line_item_id
            = reduced_sums.invoice_line_item_id
            and performance_obligations.invoice_id = reduced_sums.invoice_id
            and performance_obligations.obligation = reduced_sums.obligation

),

final as (

    select
        parts.invoice_line_item_id,
        parts.obligation,
        parts.part_number,
        parts.part_kind,
        parts.reduction_id,
        parts.reduced_on,
        parts.undone_on,
        {{ exact_integer('parts.from_minor') }} as from_minor,
        {{ exact_integer('parts.to_minor') }} as to_minor,
        performance_obligations.invoice_id,
        performance_obligations.billed_on,
        performance_obligations.start_on,
        performance_obligations.day_count
    from parts
    inner join performance_obligations
        on
            parts.invoice_line_item_id = performance_obligations.invoice_line_item_id
            and parts.invoice_id = performance_obligations.invoice_id
            and parts.obligation = performance_obligations.obligation

)

select * from final
