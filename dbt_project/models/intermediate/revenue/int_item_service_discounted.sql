-- Grain: one row per subscription item, valid_from and coupon scope: its MRR and ARR
-- before (gross) and after discounts, in its currency, over [valid_from, valid_to).
-- Only what has coupons has other scopes than `recurring`, the one of MRR.
with

service as (

    select * from {{ ref('int_item_service_valued') }}

),

amounts_off as (

    select * from {{ ref('int_item_amounts_off') }}

),

final as (

    select
        subscription_item_id,
        subscription_id,
        account_id,
        price_id,
        currency_code,
        quantity,
        valid_from,
        valid_to,
        coupon_scope,
        gross_mrr_amount_in_currency,
        gross_arr_amount_in_currency,
        mrr_amount_in_currency,
        arr_amount_in_currency
    from service
    where not has_amount_off
    union all
    select
        service.subscription_item_id,
        service.subscription_id,
        service.account_id,
        service.price_id,
        service.currency_code,
        service.quantity,
        amounts_off.valid_from,
        amounts_off.valid_to,
        service.coupon_scope,
        service.gross_mrr_amount_in_currency,
        service.gross_arr_amount_in_currency,
        amounts_off.mrr_amount_in_currency,
        amounts_off.arr_amount_in_currency
    from amounts_off
    inner join service
        on
            amounts_off.subscription_item_id = service.subscription_item_id
            and amounts_off.service_from = service.valid_from
            and amounts_off.coupon_scope = service.coupon_scope

)

select * from final
