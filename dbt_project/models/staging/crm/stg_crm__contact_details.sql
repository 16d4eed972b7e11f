-- Grain: one row per contact of the CRM, with who the person is. Restricted.
with

source as (

    select * from {{ source('crm', 'contact') }}

),

final as (

    select
        id as contact_id,
        property_firstname as first_name,
        property_lastname as last_name,
        property_email as email,
        property_phone as phone,
        property_jobtitle as job_title,
        property_buying_role as buying_role,
        property_country as country,
        property_createdate as created_at,
        coalesce(is_deleted, false) as is_deleted
    from source

)

select * from final
