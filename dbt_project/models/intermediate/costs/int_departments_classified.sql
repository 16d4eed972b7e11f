-- Grain: one row per department in which somebody works, with the one rule that gives
-- its people their bucket: one that names nothing but the department.
with

assignments as (

    select * from {{ ref('int_employee_assignments_dated') }}

),

departments as (

    select * from {{ ref('stg_ledger__departments') }}

),

rules as (

    select * from {{ ref('int_cost_rules_overridden') }}
    where
        department <> ''
        and account_number = ''
        and account_type = ''
        and account_name = ''
        and account_role = ''
        and vendor = ''
        and class = ''

),

workplaces as (

    select
        department_id,
        min(department) as department
    from assignments
    where department_id <> ''
    group by department_id

),

matches as (

    select
        workplaces.department_id,
        rules.rule,
        rules.priority,
        rules.bucket,
        rules.pool,
        row_number() over (
            partition by workplaces.department_id
            order by rules.priority, rules.rule
        ) as match_number
    from workplaces
    left join departments
        on workplaces.department_id = departments.department_id
    inner join rules
        on
            rules.department = lower(workplaces.department_id)
            or rules.department = lower(workplaces.department)
            or rules.department = lower(trim(departments.department_name))
            or rules.department
            = lower({{ last_part('workplaces.department', ':') }})

),

deciding_matches as (

    select * from matches
    where match_number = 1

),

contradictions as (

    select
        deciding_matches.department_id,
        min(matches.rule) as contradicting_rule
    from deciding_matches
    inner join matches
        on
            deciding_matches.department_id = matches.department_id
            and deciding_matches.priority = matches.priority
    where
        deciding_matches.bucket <> matches.bucket
        or deciding_matches.pool <> matches.pool
    group by deciding_matches.department_id

),

final as (

    select
        workplaces.department_id,
        workplaces.department,
        deciding_matches.rule,
        deciding_matches.bucket,
        deciding_matches.pool,
        contradictions.contradicting_rule
    from workplaces
    left join deciding_matches
        on workplaces.department_id = deciding_matches.department_id
    left join contradictions
        on workplaces.department_id = contradictions.department_id

)

select * from final
