-- Functions, kinds of assets and assets are buckets; environments and revenue streams
-- are of two or three kinds.
with

mappings as (

    select * from {{ ref('int_cost_mappings_overridden') }}

),

findings as (

    select
        mapping,
        value,
        target,
        'Expected a bucket of costs, such as support or overhead.' as reason
    from mappings
    where
        mapping in ('function', 'asset_kind', 'asset')
        and target not in (
            {{ quoted_direct_buckets() }}, 'overhead', 'customer_success',
            'research_and_development', 'sales', 'marketing',
            'general_and_administrative', 'non_operating'
        )
    union all
    select
        mapping,
        value,
        target,
        'Expected production, development or shared.' as reason
    from mappings
    where
        mapping = 'environment'
        and target not in ('production', 'development', 'shared')
    union all
    select
        mapping,
        value,
        target,
        'Expected subscription or services.' as reason
    from mappings
    where
        mapping = 'revenue_stream'
        and target not in ('subscription', 'services')

)

select
    'policy.cost_mappings' as raw_table,
    mapping || ': ' || value as row_id,
    'target' as column_name,
    target as rejected_value,
    reason
from findings
