-- A decision says of two records that they are the same, or that they are not.
with

decisions as (

    select * from {{ ref('stg_policy__identity_decisions') }}

),

findings as (

    select
        object_type,
        left_id,
        right_id,
        'object_type' as column_name,
        object_type as rejected_value,
        'Expected company, contact or customer.' as reason
    from decisions
    where lower(trim(object_type)) not in ('company', 'contact', 'customer')
    union all
    select
        object_type,
        left_id,
        right_id,
        'decision' as column_name,
        decision as rejected_value,
        'Expected same or not_same.' as reason
    from decisions
    where lower(trim(decision)) not in ('same', 'not_same')

)

select
    'policy.identity_decisions' as raw_table,
    object_type || ', ' || left_id || ', ' || right_id as row_id,
    column_name,
    rejected_value,
    reason
from findings
