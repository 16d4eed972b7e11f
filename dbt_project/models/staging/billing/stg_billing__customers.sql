-- Grain: one row per billing customer. Its e-mail address, telephone number and what is
-- written about it stay out.
with

source as (

    select * from {{ source('billing', 'customer') }}

),

final as (

    select
        id as customer_id,
        name as customer_name,
        upper(currency) as currency_code,
        upper(address_country) as country_code,
        address_city as city,
        address_postal_code as postal_code,
        tax_exempt as tax_exemption,
        coalesce(delinquent, false) as is_delinquent,
        created as created_at,
        coalesce(livemode, true) as is_live,
        coalesce(is_deleted, false) as is_deleted,
        greatest(_fivetran_synced, _airbyte_extracted_at) as synced_at
    from source

)

select * from final
