-- Grain: one row per pair of records (object type, left id, right id) that could be one
-- and that nobody has decided about.
with

reviews as (

    select * from {{ ref('int_identity_reviews') }}

),

final as (

    select
        object_type,
        left_id,
        right_id,
        rule,
        score,
        evidence,
        left_account_id,
        right_account_id
    from reviews

)

select * from final
