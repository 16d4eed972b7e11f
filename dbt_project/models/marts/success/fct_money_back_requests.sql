-- Grain: one row per refund within policy money_back_days of its account's first
-- payment.
with

refunds as (

    select * from {{ ref('int_first_payments_refunded') }}

),

final as (

    select
        refund_id,
        account_id,
        customer_id,
        invoice_id,
        charge_id,
        currency_code,
        first_paid_on,
        refunded_on,
        cast({{ days_between('first_paid_on', 'refunded_on') }} as bigint)
            as days_after_first_payment,
        {{ minor_to_amount('amount_minor', 'minor_unit_digits') }}
            as refund_amount_in_currency,
        amount_minor >= charge_minor as is_whole_charge,
        reason
    from refunds

)

select * from final
