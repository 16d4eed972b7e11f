-- The shares of a person and month are what the cost of that person is split by: all of
-- the time, each a part of it, each in a function that is known.
with

surveys as (

    select * from {{ ref('int_time_surveys_mapped') }}

),

findings as (

    select
        employee_id,
        month,
        'share' as column_name,
        cast(max(share_total) as string) as rejected_value,
        'Expected shares that sum to 1.' as reason
    from surveys
    group by employee_id, month
    having max(share_total) <> 1
    union all
    select
        employee_id,
        month,
        'share' as column_name,
        cast(share_quantity as string) as rejected_value,
        'Expected a share above 0 of function '
        || function_name
        || '; leave out what was not done.' as reason
    from surveys
    where share_quantity <= 0
    union all
    select
        employee_id,
        month,
        'function' as column_name,
        function_name as rejected_value,
        'Expected a function of policy cost_mappings: add it to the mapping function.'
            as reason
    from surveys
    where bucket is null

)

select
    'ledger.time_survey' as raw_table,
    employee_id || ', ' || cast(month as string) as row_id,
    column_name,
    rejected_value,
    reason
from findings
