-- Grain: one row per performance obligation (line and obligation) and part: the whole
-- of it, and for each reduction what it holds and the mirror of that.
-- A part is the amount between two marks on the obligation, from_minor to to_minor.
-- What a reduction holds begins where those before it end that are in force on its day;
-- while it is in force it stays as it was on that day, and its mirror takes off what
-- would have been earned. Before and after, the two are nothing: the schedule rounds at
-- the same marks. A void ends all parts that no reduction holds.
with

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

reduced_elements as (

    select * from {{ ref('int_invoice_reductions_by_obligation') }}

),

held_amounts as (

    select
        element_id as invoice_line_item_id,
        invoice_id,
        obligation,
        reduction_number,
        reduction_kind,
        reduction_id,
        reduced_on,
        undone_on,
        reduced_minor
    from reduced_elements
    where
        obligation <> 'tax'
        and reduction_kind <> 'void'
        and reduced_minor <> 0

),

marks as (

    select
        held_amounts.invoice_line_item_id,
        held_amounts.invoice_id,
        held_amounts.obligation,
        held_amounts.reduction_number,
        sum(earlier.reduced_minor) as from_minor
    from held_amounts
    inner join held_amounts as earlier
        on
            held_amounts.invoice_id = earlier.invoice_id
            and held_amounts.invoice_line_item_id = earlier.invoice_line_item_id
            and held_amounts.obligation = earlier.obligation
            and held_amounts.reduction_number > earlier.reduction_number
            and held_amounts.reduced_on >= earlier.reduced_on
            and coalesce(held_amounts.reduced_on < earlier.undone_on, true)
    group by
        held_amounts.invoice_line_item_id,
        held_amounts.invoice_id,
        held_amounts.obligation,
        held_amounts.reduction_number

),

held_parts as (

    select
        held_amounts.*,
        coalesce(marks.from_minor, 0) as from_minor,
        coalesce(marks.from_minor, 0) + held_amounts.reduced_minor as to_minor
    from held_amounts
    left join marks
        on
            held_amounts.invoice_id = marks.invoice_id
            and held_amounts.invoice_line_item_id = marks.invoice_line_item_id
            and held_amounts.obligation = marks.obligation
            and held_amounts.reduction_number = marks.reduction_number

),

parts as (

    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        1 as part_number,
        'whole' as part_kind,
        cast(null as string) as reduction_id,
        cast(null as date) as reduced_on,
        cast(null as date) as undone_on,
        0 as from_minor,
        net_minor as to_minor
    from performance_obligations
    union all
    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        2 * reduction_number as part_number,
        reduction_kind as part_kind,
        reduction_id,
        reduced_on,
        undone_on,
        from_minor,
        to_minor
    from held_parts
    union all
    select
        invoice_line_item_id,
        invoice_id,
        obligation,
        2 * reduction_number + 1 as part_number,
        'mirror' as part_kind,
        reduction_id,
        cast(null as date) as reduced_on,
        cast(null as date) as undone_on,
        to_minor as from_minor,
        from_minor as to_minor
    from held_parts

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
        case
            when invoices.invoice_status = 'void'
                then coalesce(invoices.voided_on, invoices.billed_on)
        end as voided_on,
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
    inner join invoices
        on parts.invoice_id = invoices.invoice_id

)

select * from final
