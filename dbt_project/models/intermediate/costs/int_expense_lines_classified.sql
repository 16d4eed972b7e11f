-- Grain: one row per expense line of the ledger, with the one rule that gives it its
-- bucket; none where no rule matches.
with

expense_lines as (

    select * from {{ ref('int_expense_lines') }}

),

combinations as (

    select * from {{ ref('int_expense_combinations_classified') }}

),

final as (

    select
        expense_lines.transaction_id,
        expense_lines.transaction_line_id,
        expense_lines.month,
        expense_lines.transaction_number,
        expense_lines.transaction_date,
        expense_lines.account_id,
        expense_lines.account_number,
        expense_lines.account_name,
        expense_lines.account_role,
        expense_lines.department_id,
        expense_lines.department,
        expense_lines.location_id,
        expense_lines.location,
        expense_lines.class_id,
        expense_lines.class,
        expense_lines.vendor_id,
        expense_lines.vendor,
        expense_lines.employee_id,
        expense_lines.document_id,
        expense_lines.amount,
        expense_lines.amount_minor,
        expense_lines.minor_unit_digits,
        combinations.rule,
        combinations.why,
        combinations.bucket,
        combinations.pool,
        combinations.contradicting_rule
    from expense_lines
    inner join combinations
        on
            expense_lines.account_id = combinations.account_id
            and expense_lines.department_id = combinations.department_id
            and expense_lines.vendor_id = combinations.vendor_id
            and expense_lines.class_id = combinations.class_id

)

select * from final
