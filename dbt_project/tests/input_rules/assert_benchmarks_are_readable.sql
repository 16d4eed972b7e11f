-- A gross margin of others is a share of revenue: 0.78, not 78.
select
    'policy.benchmarks' as raw_table,
    benchmark as row_id,
    'rate' as column_name,
    coalesce(cast(rate as string), 'NULL') as rejected_value,
    'Expected a share of revenue above 0 and up to 1.' as reason
from {{ ref('int_benchmarks_overridden') }}
where coalesce(rate <= 0 or rate > 1, true)
