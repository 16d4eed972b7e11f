-- The stretches of an account's segments follow each other without gap or overlap, from
-- the first month of all to the end of all, so that a month has one of them; each ends
-- where something changes. A returned row is one that does not meet the next.
with

dated as (

    select * from {{ ref('int_account_segments_dated') }}

),

followed as (

    select
        *,
        lag(valid_to) over (partition by account_id order by valid_from)
            as valid_to_before,
        lead(valid_from) over (partition by account_id order by valid_from)
            as valid_from_after
    from dated

)

select
    account_id,
    valid_from,
    valid_to,
    valid_to_before,
    valid_from_after
from followed
where
    valid_from >= valid_to
    or coalesce(valid_to_before, {{ first_month_of_all() }}) <> valid_from
    or coalesce(valid_from_after, {{ end_of_all_months() }}) <> valid_to
