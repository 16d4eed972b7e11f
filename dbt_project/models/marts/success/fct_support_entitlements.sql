-- Grain: one row per account, basis and beginning of a time in which it may ask support.
with

entitlements as (

    select * from {{ ref('int_support_entitlements_dated') }}

),

final as (

    select
        account_id,
        basis,
        valid_from as valid_from_at,
        valid_to as valid_to_at
    from entitlements

)

select * from final
