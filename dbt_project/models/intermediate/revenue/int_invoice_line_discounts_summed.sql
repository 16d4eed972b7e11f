-- Grain: one row per invoice line with discounts of its own: what they take off.
with

discounts as (

    select * from {{ ref('stg_billing__discounts') }}

),

final as (

    select
        discounted_id as invoice_line_item_id,
        sum(coalesce(amount_minor, 0)) as discount_minor
    from discounts
    where
        is_of_line
        and is_live
        and not is_deleted
    group by discounted_id

)

select * from final
