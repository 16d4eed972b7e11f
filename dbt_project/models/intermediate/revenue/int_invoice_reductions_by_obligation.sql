-- Grain: one row per reduction of an invoice and element of it: each performance
-- obligation (line and obligation), and its tax (the invoice's id and 'tax').
-- A reduction that was undone takes nothing from the others: only lasting ones share
-- what is left of an element. Amounts are whole minor units.
-- Definitions 5.
with

reductions as (

    select * from {{ ref('int_invoice_reductions') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

credit_notes as (

    select * from {{ ref('stg_billing__credit_notes') }}

),

credit_note_line_items as (

    select * from {{ ref('stg_billing__credit_note_line_items') }}

),

reduced_invoices as (

    select distinct invoice_id from reductions

),

elements as (

    select
        performance_obligations.invoice_id,
        performance_obligations.invoice_line_item_id as element_id,
        performance_obligations.obligation,
        performance_obligations.net_minor as element_minor,
        0 as is_tax
    from performance_obligations
    inner join reduced_invoices
        on performance_obligations.invoice_id = reduced_invoices.invoice_id
    union all
    select
        invoices.invoice_id,
        invoices.invoice_id as element_id,
        'tax' as obligation,
        {{ exact_integer('invoices.tax_minor') }} as element_minor,
        1 as is_tax
    from invoices
    inner join reduced_invoices
        on invoices.invoice_id = reduced_invoices.invoice_id

),

elements_of_reductions as (

    select
        reductions.invoice_id,
        reductions.reduction_number,
        reductions.reduction_kind,
        reductions.reduction_id,
        reductions.reduced_on,
        reductions.undone_on,
        reductions.line_minor,
        reductions.tax_minor,
        reductions.spread_minor,
        reductions.discounted_net_minor,
        reductions.discounted_lines_minor,
        -- Lasting: shares what is left with the other lasting reductions.
        reductions.undone_on is null and reductions.reduction_kind <> 'void'
            as is_lasting,
        elements.element_id,
        elements.obligation,
        elements.is_tax,
        elements.element_minor
    from reductions
    inner join elements
        on reductions.invoice_id = elements.invoice_id

),

credited_by_line as (

    select
        credit_note_line_items.credit_note_id,
        credit_notes.invoice_id,
        credit_note_line_items.invoice_line_item_id,
        sum(credit_note_line_items.amount_minor) as credited_minor
    from credit_note_line_items
    inner join credit_notes
        on credit_note_line_items.credit_note_id = credit_notes.credit_note_id
    inner join elements
        on
            credit_note_line_items.invoice_line_item_id = elements.element_id
            and credit_notes.invoice_id = elements.invoice_id
            and elements.obligation = 'main'
    where
        credit_note_line_items.is_live
        and not credit_note_line_items.is_deleted
    group by
        credit_note_line_items.credit_note_id,
        credit_notes.invoice_id,
        credit_note_line_items.invoice_line_item_id

),

credited_with_sums as (

    select
        credit_note_id,
        invoice_id,
        invoice_line_item_id,
        credited_minor,
        coalesce(
            sum(credited_minor) over (
                partition by credit_note_id
                order by invoice_line_item_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as credited_before
    from credited_by_line

),

-- Net of the note's own discount, where it has one.
credited_net as (

    select
        elements_of_reductions.invoice_id,
        elements_of_reductions.reduction_number,
        elements_of_reductions.element_id,
        elements_of_reductions.obligation,
        elements_of_reductions.element_minor,
        case
            when elements_of_reductions.discounted_net_minor is null
                then credited_with_sums.credited_minor
            else
                {{ prefix_share(
                    'elements_of_reductions.discounted_net_minor',
                    'credited_with_sums.credited_before',
                    'credited_with_sums.credited_minor',
                    'elements_of_reductions.discounted_lines_minor'
                ) }}
        end as credited_minor,
        sum(elements_of_reductions.element_minor) over (
            partition by
                elements_of_reductions.invoice_id,
                elements_of_reductions.reduction_number,
                elements_of_reductions.element_id
        ) as line_total,
        coalesce(
            sum(elements_of_reductions.element_minor) over (
                partition by
                    elements_of_reductions.invoice_id,
                    elements_of_reductions.reduction_number,
                    elements_of_reductions.element_id
                order by elements_of_reductions.obligation
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as line_before
    from elements_of_reductions
    inner join credited_with_sums
        on
            elements_of_reductions.reduction_id = credited_with_sums.credit_note_id
            and elements_of_reductions.invoice_id = credited_with_sums.invoice_id
            and elements_of_reductions.element_id
            = credited_with_sums.invoice_line_item_id
    where
        elements_of_reductions.reduction_kind = 'credit_note'
        and elements_of_reductions.is_tax = 0

),

credited_by_obligation as (

    select
        invoice_id,
        reduction_number,
        element_id,
        obligation,
        case
            when line_total <> 0
                then
                    {{ prefix_share(
                        'credited_minor', 'line_before', 'element_minor', 'line_total'
                    ) }}
            when obligation = 'main' then credited_minor
            else 0
        end as credited_minor
    from credited_net

),

given as (

    select
        elements_of_reductions.*,
        case
            when elements_of_reductions.is_tax = 1
                then coalesce(elements_of_reductions.tax_minor, 0)
            else coalesce(credited_by_obligation.credited_minor, 0)
        end as given_minor
    from elements_of_reductions
    left join credited_by_obligation
        on
            elements_of_reductions.invoice_id = credited_by_obligation.invoice_id
            and elements_of_reductions.reduction_number
            = credited_by_obligation.reduction_number
            and elements_of_reductions.element_id = credited_by_obligation.element_id
            and elements_of_reductions.obligation = credited_by_obligation.obligation

),

-- What is named of an element on the day of a reduction that will be undone.
named_on_the_day as (

    select
        short_lived.invoice_id,
        short_lived.reduction_number,
        short_lived.element_id,
        short_lived.obligation,
        sum(in_force.given_minor) as named_minor
    from given as short_lived
    inner join given as in_force
        on
            short_lived.invoice_id = in_force.invoice_id
            and short_lived.element_id = in_force.element_id
            and short_lived.obligation = in_force.obligation
            and in_force.reduced_on <= short_lived.reduced_on
            and coalesce(short_lived.reduced_on < in_force.undone_on, true)
    where
        short_lived.undone_on is not null
        and in_force.reduction_kind <> 'void'
    group by
        short_lived.invoice_id,
        short_lived.reduction_number,
        short_lived.element_id,
        short_lived.obligation

),

with_rests as (

    select
        given.*,
        given.element_minor
        - sum(case when given.is_lasting then given.given_minor else 0 end) over (
            partition by given.invoice_id, given.element_id, given.obligation
        ) as lasting_rest_minor,
        given.element_minor - case
            when given.undone_on is null
                then
                    sum(case when given.is_lasting then given.given_minor else 0 end)
                        over (
                            partition by
                                given.invoice_id, given.element_id, given.obligation
                        )
            else coalesce(named_on_the_day.named_minor, 0)
        end as rest_minor,
        -- What has to find room in the rests: all lasting ones together.
        case
            when given.undone_on is null
                then
                    sum(case when given.is_lasting then given.spread_minor else 0 end)
                        over (
                            partition by
                                given.invoice_id, given.element_id, given.obligation
                        )
            else given.spread_minor
        end as to_spread_minor,
        case
            when given.is_lasting
                then
                    coalesce(
                        sum(
                            case
                                when given.is_lasting then given.spread_minor else 0
                            end
                        ) over (
                            partition by
                                given.invoice_id, given.element_id, given.obligation
                            order by given.reduction_number
                            rows between unbounded preceding and 1 preceding
                        ),
                        0
                    )
            else 0
        end as spread_before
    from given
    left join named_on_the_day
        on
            given.invoice_id = named_on_the_day.invoice_id
            and given.reduction_number = named_on_the_day.reduction_number
            and given.element_id = named_on_the_day.element_id
            and given.obligation = named_on_the_day.obligation

),

with_room as (

    select
        *,
        sum(rest_minor) over (
            partition by invoice_id, reduction_number
        ) as rest_total
    from with_rests

),

with_weights as (

    select
        *,
        case
            when rest_total > 0 and rest_total >= to_spread_minor then rest_minor
            else element_minor
        end as weight_minor
    from with_room

),

weighted as (

    select
        *,
        sum(weight_minor) over (
            partition by invoice_id, reduction_number
        ) as weight_total,
        coalesce(
            sum(weight_minor) over (
                partition by invoice_id, reduction_number
                order by is_tax, element_id, obligation
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as weight_before
    from with_weights

),

shared as (

    select
        *,
        case
            when coalesce(spread_minor, 0) = 0 or weight_total = 0 then 0
            else
                {{ prefix_share(
                    '(spread_before + spread_minor)',
                    'weight_before',
                    'weight_minor',
                    'weight_total'
                ) }}
                - {{ prefix_share(
                    'spread_before', 'weight_before', 'weight_minor', 'weight_total'
                ) }}
        end as share_minor
    from weighted

),

final as (

    select
        invoice_id,
        reduction_number,
        reduction_kind,
        reduction_id,
        reduced_on,
        undone_on,
        element_id,
        obligation,
        case
            when reduction_kind = 'void'
                then
                    lasting_rest_minor
                    - sum(case when is_lasting then share_minor else 0 end) over (
                        partition by invoice_id, element_id, obligation
                    )
            else given_minor + share_minor
        end as reduced_minor
    from shared

)

select * from final
