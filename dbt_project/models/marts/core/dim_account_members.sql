-- Grain: one row per source system, object type and id: a record of a customer, a
-- company or a person, with the account that it belongs to.
with

members as (

    select * from {{ ref('int_account_members') }}

),

final as (

    select
        source_system,
        object_type,
        source_id,
        account_id,
        surviving_id,
        match_method,
        match_score
    from members

)

select * from final
