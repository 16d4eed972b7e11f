-- Grain: one row per employee, month and function: the surveyed share of the time of
-- the employee, and the bucket that the function is. People whom the export does not
-- list are left out.
with

surveys as (

    select * from {{ ref('stg_ledger__time_surveys') }}

),

employees as (

    select * from {{ ref('stg_ledger__employees') }}

),

functions as (

    select * from {{ ref('int_cost_mappings_overridden') }}
    where mapping = 'function'

),

shares as (

    select
        surveys.employee_id,
        surveys.function_name,
        {{ month_of('surveys.month') }} as month,
        cast(sum(coalesce(surveys.share, 0)) as decimal(18, 6)) as share_quantity
    from surveys
    inner join employees
        on surveys.employee_id = employees.employee_id
    group by
        surveys.employee_id,
        surveys.function_name,
        {{ month_of('surveys.month') }}

),

totals as (

    select
        employee_id,
        month,
        cast(sum(share_quantity) as decimal(18, 6)) as share_total
    from shares
    group by employee_id, month

),

final as (

    select
        shares.employee_id,
        shares.month,
        shares.function_name,
        shares.share_quantity,
        totals.share_total,
        functions.target as bucket,
        functions.pool,
        functions.why
    from shares
    inner join totals
        on
            shares.employee_id = totals.employee_id
            and shares.month = totals.month
    left join functions
        on shares.function_name = functions.value

)

select * from final
