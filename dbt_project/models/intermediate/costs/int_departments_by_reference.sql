-- Grain: one row per text, in lower case, that stands for a department.
-- Exports name a department by its id, its full name, its name or the last part of its
-- full name, in this order; a text that stands for several of them stands for none.
with

departments as (

    select * from {{ ref('stg_ledger__departments') }}

),

reference_texts as (

    select
        department_id,
        1 as reference_rank,
        department_id as reference_text
    from departments
    union all
    select
        department_id,
        2 as reference_rank,
        department_full_name as reference_text
    from departments
    union all
    select
        department_id,
        3 as reference_rank,
        department_name as reference_text
    from departments
    union all
    select
        department_id,
        4 as reference_rank,
        {{ last_part('department_full_name', ':') }} as reference_text
    from departments

),

candidates as (

    select
        department_id,
        reference_rank,
        lower(trim(reference_text)) as reference
    from reference_texts
    where trim(reference_text) <> ''

),

first_ranks as (

    select
        reference,
        min(reference_rank) as reference_rank
    from candidates
    group by reference

),

resolved as (

    select
        candidates.reference,
        min(candidates.department_id) as department_id
    from candidates
    inner join first_ranks
        on
            candidates.reference = first_ranks.reference
            and candidates.reference_rank = first_ranks.reference_rank
    group by candidates.reference
    having count(distinct candidates.department_id) = 1

),

final as (

    select
        resolved.reference,
        resolved.department_id,
        coalesce(
            departments.department_full_name,
            departments.department_name,
            departments.department_id
        ) as department
    from resolved
    inner join departments
        on resolved.department_id = departments.department_id

)

select * from final
