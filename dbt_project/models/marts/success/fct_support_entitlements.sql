-- Grain: one row per account, basis and beginning of a time in which it may ask
-- support.
with

entitlements as (

    select * from {{ ref('int_support_entitlements_dated') }}

),

final as (

    select
        account_id,
        basis,
        valid_from as valid_from_at,
        -- Service that is invoiced without an end has none.
        case when valid_to < {{ end_of_time() }} then valid_to end as valid_to_at
    from entitlements

)

select * from final
