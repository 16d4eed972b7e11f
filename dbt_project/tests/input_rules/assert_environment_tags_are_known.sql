-- Charges whose tag says nothing that is known count as untagged.
with

cloud_costs as (

    select * from {{ ref('stg_ledger__cloud_costs') }}

),

environments as (

    select * from {{ ref('int_cost_mappings_overridden') }}
    where mapping = 'environment'

)

select
    'ledger.cloud_cost' as raw_table,
    min(coalesce(cloud_costs.invoice_id, 'no invoice')) as row_id,
    'Tags' as column_name,
    cloud_costs.environment_tag as rejected_value,
    'No environment of policy cost_mappings has this name: '
    || cast(count(*) as string)
    || ' charges follow the ratio of production to development. Add it to the mapping'
    || ' environment.' as reason
from cloud_costs
left join environments
    on cloud_costs.environment_tag = environments.value
where
    cloud_costs.environment_tag <> ''
    and environments.value is null
group by cloud_costs.environment_tag
