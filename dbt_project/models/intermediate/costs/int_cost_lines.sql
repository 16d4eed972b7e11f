-- Grain: one row per expense line of the ledger and part of it; a line that is not
-- split is one part without a name.
-- Amounts are minor units of the reporting currency, positive where they are debits;
-- the parts of a line sum to it.
with

expense_lines as (

    select * from {{ ref('int_expense_lines_classified') }}

),

split_lines as (

    select * from {{ ref('int_expense_lines_split') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

parted as (

    select
        expense_lines.transaction_id,
        expense_lines.transaction_line_id,
        coalesce(split_lines.part, '') as part,
        expense_lines.month,
        expense_lines.transaction_number,
        expense_lines.transaction_date,
        expense_lines.account_id,
        expense_lines.account_number,
        expense_lines.account_name,
        expense_lines.account_role,
        expense_lines.department,
        expense_lines.location,
        expense_lines.class,
        expense_lines.vendor,
        expense_lines.employee_id,
        expense_lines.document_id,
        coalesce(split_lines.rule, expense_lines.rule) as rule,
        coalesce(split_lines.why, expense_lines.why) as why,
        case
            when split_lines.part is null then expense_lines.bucket
            else split_lines.bucket
        end as bucket,
        case
            when split_lines.part is null then expense_lines.pool
            else split_lines.pool
        end as pool,
        coalesce(split_lines.split_by, 'none') as split_by,
        cast(coalesce(split_lines.share_quantity, 1) as decimal(38, 12))
            as share_quantity,
        cast(coalesce(split_lines.share_total, 1) as decimal(38, 12)) as share_total,
        expense_lines.amount_minor as line_amount_minor,
        coalesce(split_lines.amount_minor, expense_lines.amount_minor) as amount_minor,
        expense_lines.minor_unit_digits
    from expense_lines
    left join split_lines
        on
            expense_lines.transaction_id = split_lines.transaction_id
            and expense_lines.transaction_line_id = split_lines.transaction_line_id

),

final as (

    select
        parted.transaction_id,
        parted.transaction_line_id,
        parted.part,
        parted.month,
        parted.transaction_number,
        parted.transaction_date,
        parted.account_id,
        parted.account_number,
        parted.account_name,
        parted.account_role,
        parted.department,
        parted.location,
        parted.class,
        parted.vendor,
        parted.employee_id,
        parted.document_id,
        parted.rule,
        parted.why,
        parted.bucket,
        parted.pool,
        {{ is_direct_bucket(
            'parted.bucket', 'run_settings.is_customer_success_in_cor'
        ) }} as is_direct,
        parted.split_by,
        parted.share_quantity,
        parted.share_total,
        parted.line_amount_minor,
        parted.amount_minor,
        parted.minor_unit_digits
    from parted
    cross join run_settings

)

select * from final
