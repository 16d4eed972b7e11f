-- Grain: one row: how many discounts the export carries.
with

subscription_discounts as (

    select count(*) as row_count
    from {{ ref('stg_billing__subscription_discounts') }}
    where
        is_live
        and not is_deleted

),

discounts as (

    select count(*) as row_count
    from {{ ref('stg_billing__discounts') }}
    where
        is_live
        and not is_deleted

),

final as (

    select subscription_discounts.row_count + discounts.row_count as discount_count
    from subscription_discounts
    cross join discounts

)

select * from final
