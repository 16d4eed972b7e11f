-- Grain: one row per performance obligation (line and obligation) and part: one part
-- per reduction of it, a mirror for one that is undone, and last what is kept.
-- A part is the amount between two marks on the obligation, from_minor to to_minor; the
-- schedule rounds at the marks, so that the parts of an obligation always sum to it. A
-- reduction that is undone does not move the marks: its mirror, which nothing reduces,
-- takes it off, so that both together are nothing before and after.
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
        reduction_number,
        reduction_kind as part_kind,
        reduction_id,
        reduced_on,
        undone_on,
        reduced_minor,
        coalesce(
            sum(case when undone_on is null then reduced_minor else 0 end) over (
                partition by invoice_id, element_id, obligation
                order by reduction_number
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as from_minor
    from reduced_elements
    where obligation <> 'tax'

),

reduced_sums as (

    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        max(reduction_number) as reduction_count,
        sum(case when undone_on is null then reduced_minor else 0 end)
            as reduced_minor
    from reduced_parts
    group by invoice_line_item_id, invoice_id, obligation

),

parts as (

    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        2 * reduction_number - 1 as part_order,
        part_kind,
        reduction_id,
        reduced_on,
        undone_on,
        from_minor,
        from_minor + reduced_minor as to_minor
    from reduced_parts
    where reduced_minor <> 0
    union all
    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        2 * reduction_number as part_order,
        'mirror' as part_kind,
        reduction_id,
        cast(null as date) as reduced_on,
        cast(null as date) as undone_on,
        from_minor + reduced_minor as from_minor,
        from_minor as to_minor
    from reduced_parts
    where
        reduced_minor <> 0
        and undone_on is not null
    union all
    select
        performance_obligations.invoice_line_item_id,
        performance_obligations.invoice_id,
        performance_obligations.obligation,
        2 * coalesce(reduced_sums.reduction_count, 0) + 1 as part_order,
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
        row_number() over (
            partition by
                parts.invoice_id, parts.invoice_line_item_id, parts.obligation
            order by parts.part_order
        ) as part_number,
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
