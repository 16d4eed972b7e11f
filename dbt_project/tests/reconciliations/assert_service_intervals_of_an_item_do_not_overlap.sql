-- One item is on one price with one quantity at a time.
with

intervals as (

    select
        subscription_item_id,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by subscription_item_id
            order by valid_from
        ) as next_valid_from
    from {{ ref('int_item_service_intervals') }}

)

select *
from intervals
where
    next_valid_from < valid_to
    or valid_to <= valid_from
