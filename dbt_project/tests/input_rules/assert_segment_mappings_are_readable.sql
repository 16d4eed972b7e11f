-- A misspelt mapping would map nothing, a misspelt channel would be one of its own.
with

mappings as (

    select * from {{ ref('int_segment_mappings_overridden') }}

),

findings as (

    select
        mapping,
        value,
        'mapping' as column_name,
        mapping as rejected_value,
        'Expected industry, analytics_source, deployment_type, visit_source or'
        || ' spend_channel.' as reason
    from mappings
    where
        mapping not in (
            'industry', 'analytics_source', 'deployment_type', 'visit_source',
            'spend_channel'
        )
    union all
    select
        mapping,
        value,
        'target' as column_name,
        target as rejected_value,
        'Expected the name of a vertical.' as reason
    from mappings
    where
        mapping = 'industry'
        and target = ''
    union all
    select
        mapping,
        value,
        'target' as column_name,
        target as rejected_value,
        'Expected cloud or on_premise.' as reason
    from mappings
    where
        mapping = 'deployment_type'
        and target not in ('cloud', 'on_premise')
    union all
    select
        mapping,
        value,
        'target' as column_name,
        target as rejected_value,
        'Expected organic, paid, direct, referral, outbound or unknown.' as reason
    from mappings
    where
        mapping in ('analytics_source', 'visit_source', 'spend_channel')
        and target not in (
            'organic', 'paid', 'direct', 'referral', 'outbound', 'unknown'
        )

)

select
    'policy.segment_mappings' as raw_table,
    mapping || ': ' || value as row_id,
    column_name,
    rejected_value,
    reason
from findings
