-- The question of the net promoter score is answered from 0 to 10; on another scale
-- everybody would be a detractor.
select
    'crm.feedback_submission' as raw_table,
    feedback_id as row_id,
    'value' as column_name,
    cast(answer as string) as rejected_value,
    'Expected an answer from 0 to 10.' as reason
from {{ ref('int_feedback_answered') }}
where
    answer < 0
    or answer > 10
