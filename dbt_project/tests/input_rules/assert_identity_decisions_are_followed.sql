-- A decision about a record that is not there, or that others contradict, changes
-- nothing.
select
    'policy.identity_decisions' as raw_table,
    object_type || ', ' || left_id || ', ' || right_id as row_id,
    'decision' as column_name,
    reason as rejected_value,
    'Expected ids of the exports, and decisions that can all hold.' as reason
from {{ ref('stg_identity__problems') }}
