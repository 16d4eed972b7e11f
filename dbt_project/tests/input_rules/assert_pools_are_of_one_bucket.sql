-- A pool is shared by one rule and reported under one bucket: what stands under two
-- buckets needs two names.
with

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

buckets_of_pools as (

    select
        pool,
        min(bucket) as first_bucket,
        max(bucket) as last_bucket
    from cost_lines
    group by pool
    having min(bucket) <> max(bucket)

)

select
    'policy.cost_rules' as raw_table,
    pool as row_id,
    'pool' as column_name,
    pool as rejected_value,
    'Pool '
    || pool
    || ' holds costs of the buckets '
    || first_bucket
    || ' and '
    || last_bucket
    || '. Give the costs of one of them another pool in cost_rules or cost_mappings.'
        as reason
from buckets_of_pools
