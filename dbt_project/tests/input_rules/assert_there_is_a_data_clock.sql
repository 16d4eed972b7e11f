-- Months exist up to the data clock. Without a sync stamp and without a date of
-- creation there is none, unless the operator gives an as-of.
select
    'billing' as raw_table,
    'all' as row_id,
    '_fivetran_synced, _airbyte_extracted_at, created' as column_name,
    'NULL' as rejected_value,
    'The billing export carries no date at all; give the as-of on the command line.'
        as reason
from {{ ref('int_run_settings') }}
where as_of_at is null
