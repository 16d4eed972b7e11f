-- Every expense line is there once, whole, and so are its parts.
with

expense_lines as (

    select * from {{ ref('int_expense_lines') }}

),

parts as (

    select
        transaction_id,
        transaction_line_id,
        sum(amount_minor) as parts_minor
    from {{ ref('int_cost_lines') }}
    group by transaction_id, transaction_line_id

)

select
    coalesce(expense_lines.transaction_id, parts.transaction_id) as transaction_id,
    coalesce(expense_lines.transaction_line_id, parts.transaction_line_id)
        as transaction_line_id,
    expense_lines.amount_minor as line_minor,
    parts.parts_minor
from expense_lines
full outer join parts
    on
        expense_lines.transaction_id = parts.transaction_id
        and expense_lines.transaction_line_id = parts.transaction_line_id
where expense_lines.amount_minor is distinct from parts.parts_minor
