-- Grain: one row per text, in lower case, that stands for a location.
-- Exports name a location by its id, its full name, its name or the last part of its
-- full name, in this order; a text that stands for several of them stands for none.
with

locations as (

    select * from {{ ref('stg_ledger__locations') }}

),

reference_texts as (

    select
        location_id,
        1 as reference_rank,
        location_id as reference_text
    from locations
    union all
    select
        location_id,
        2 as reference_rank,
        location_full_name as reference_text
    from locations
    union all
    select
        location_id,
        3 as reference_rank,
        location_name as reference_text
    from locations
    union all
    select
        location_id,
        4 as reference_rank,
        {{ last_part('location_full_name', ':') }} as reference_text
    from locations

),

candidates as (

    select
        location_id,
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
        min(candidates.location_id) as location_id
    from candidates
    inner join first_ranks
        on
            candidates.reference = first_ranks.reference
            and candidates.reference_rank = first_ranks.reference_rank
    group by candidates.reference
    having count(distinct candidates.location_id) = 1

),

final as (

    select
        resolved.reference,
        resolved.location_id,
        coalesce(
            locations.location_full_name,
            locations.location_name,
            locations.location_id
        ) as location
    from resolved
    inner join locations
        on resolved.location_id = locations.location_id

)

select * from final
