-- Grain: one row per charge of the cloud bill; nothing identifies it.
with

source as (

    select * from {{ source('ledger', 'cloud_cost') }}

),

final as (

    select
        billingaccountid as billing_account_id,
        subaccountid as sub_account_id,
        chargecategory as charge_category,
        servicename as service_name,
        servicecategory as service_category,
        resourceid as resource_id,
        regionid as region_id,
        invoiceid as invoice_id,
        providername as provider,
        lower(trim({{ json_text('tags', 'environment') }})) as environment_tag,
        lower(trim({{ json_text('tags', 'team') }})) as team_tag,
        trim({{ json_text('tags', 'account') }}) as account_tag,
        upper(billingcurrency) as currency_code,
        billedcost as billed_cost,
        effectivecost as effective_cost,
        billingperiodstart as billing_period_start_at,
        chargeperiodstart as charge_period_start_at,
        chargeperiodend as charge_period_end_at
    from source

)

select * from final
