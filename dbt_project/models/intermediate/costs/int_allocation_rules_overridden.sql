-- Grain: one row per pool with a rule for its allocation.
-- The company's own rule replaces the project's default for the same pool as a whole.
with

default_rules as (

    select * from {{ ref('allocation_rules') }}

),

company_rules as (

    select
        lower(trim(pool)) as pool,
        driver,
        fallback_drivers,
        why
    from {{ ref('stg_policy__allocation_rules') }}

),

unioned as (

    select
        default_rules.pool,
        default_rules.driver,
        default_rules.fallback_drivers,
        default_rules.why
    from default_rules
    left join company_rules
        on default_rules.pool = company_rules.pool
    where company_rules.pool is null
    union all
    select
        pool,
        driver,
        fallback_drivers,
        why
    from company_rules

),

final as (

    select
        pool,
        lower(trim(driver)) as driver,
        lower(coalesce(trim(fallback_drivers), '')) as fallback_drivers,
        why
    from unioned

)

select * from final
