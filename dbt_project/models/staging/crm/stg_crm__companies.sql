-- Grain: one row per company of the CRM. Its telephone number stays out.
with

source as (

    select * from {{ source('crm', 'company') }}

),

final as (

    select
        id as company_id,
        property_hs_parent_company_id as parent_company_id,
        property_hs_merged_object_ids as merged_company_ids,
        property_stripe_customer_id as billing_customer_id,
        property_hubspot_owner_id as owner_id,
        property_name as company_name,
        property_domain as domain_name,
        property_industry as industry,
        property_country as country,
        property_city as city,
        property_lifecyclestage as lifecycle_stage,
        property_hs_analytics_source as analytics_source,
        property_deployment_type as deployment_type,
        property_numberofemployees as employee_count,
        property_annualrevenue as annual_revenue,
        property_createdate as created_at,
        coalesce(is_deleted, false) as is_deleted
    from source

)

select * from final
