-- Grain: one row per mapping and value.
-- Which segment a value of the CRM is of. The company's own row replaces the project's
-- default of the same mapping and value as a whole. Values are compared in lower case.
with

default_mappings as (

    select * from {{ ref('segment_mappings') }}

),

company_mappings as (

    select
        lower(trim(mapping)) as mapping,
        lower(trim(value)) as value,
        target,
        why
    from {{ ref('stg_policy__segment_mappings') }}

),

unioned as (

    select
        default_mappings.mapping,
        default_mappings.value,
        default_mappings.target,
        default_mappings.why
    from default_mappings
    left join company_mappings
        on
            default_mappings.mapping = company_mappings.mapping
            and default_mappings.value = company_mappings.value
    where company_mappings.mapping is null
    union all
    select
        mapping,
        value,
        target,
        why
    from company_mappings

),

final as (

    select
        mapping,
        value,
        trim(target) as target,
        why
    from unioned

)

select * from final
