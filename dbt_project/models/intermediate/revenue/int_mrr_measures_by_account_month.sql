-- Grain: one row per account and month at whose end an item is in service at a price:
-- what stands around MRR, at the month's rate. Definitions 1.4 and 1.5.
with

item_months as (

    select * from {{ ref('int_item_mrr_by_month') }}

),

final as (

    select
        account_id,
        month,
        {{ sum_mrr('gross_mrr_amount') }} as gross_mrr,
        {{ sum_mrr('mrr_amount') }} as mrr,
        {{ sum_mrr('arr_amount') }} as arr,
        {{ sum_mrr('case when is_past_due then mrr_amount end') }} as mrr_past_due,
        {{ sum_mrr('case when is_at_risk then mrr_amount end') }} as mrr_at_risk,
        -- One item without a rate leaves the account without a constant-currency value.
        case
            when count(*) = count(constant_currency_mrr_amount)
                then {{ sum_mrr('constant_currency_mrr_amount') }}
        end as constant_currency_mrr
    from item_months
    group by account_id, month

)

select * from final
