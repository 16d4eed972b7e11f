-- Grain: one row per company that the CRM names. Its telephone number, domain and name
-- stay out.
with

source as (

    select * from {{ source('identity', 'companies') }}

),

final as (

    select
        company_id,
        surviving_company_id,
        cast(member_number as integer) as member_number,
        match_method,
        match_score,
        billing_customer_id,
        parent_company_id,
        country_code,
        is_in_export,
        is_person
    from source

)

select * from final
