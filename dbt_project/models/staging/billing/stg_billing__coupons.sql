-- Grain: one row per coupon.
with

source as (

    select * from {{ source('billing', 'coupon') }}

),

final as (

    select
        id as coupon_id,
        name as coupon_name,
        percent_off,
        amount_off as amount_off_minor,
        upper(currency) as currency_code,
        duration,
        duration_in_months,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
