-- Grain: one row per contact of the CRM. Who the person is (names, e-mail address,
-- telephone number, job title) stays out.
with

source as (

    select * from {{ source('crm', 'contact') }}

),

final as (

    select
        id as contact_id,
        property_associatedcompanyid as company_id,
        property_hs_merged_object_ids as merged_contact_ids,
        property_buying_role as buying_role,
        property_lifecyclestage as lifecycle_stage,
        property_hs_lead_status as lead_status,
        property_hubspotscore as lead_score,
        property_hs_analytics_source as analytics_source,
        property_createdate as created_at,
        property_hs_v2_date_entered_lead as entered_lead_at,
        property_hs_v2_date_entered_marketingqualifiedlead
            as entered_marketing_qualified_lead_at,
        property_hs_v2_date_entered_salesqualifiedlead
            as entered_sales_qualified_lead_at,
        property_hs_v2_date_entered_opportunity as entered_opportunity_at,
        property_hs_v2_date_entered_customer as entered_customer_at,
        coalesce(is_deleted, false) as is_deleted
    from source

)

select * from final
