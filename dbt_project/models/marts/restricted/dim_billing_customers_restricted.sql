-- Grain: one row per billing customer, with who it is and how it is reached.
-- Restricted.
with

crosswalk as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

details as (

    select * from {{ ref('stg_billing__customer_details') }}

),

reaches as (

    select * from {{ ref('stg_identity__billing_customer_details') }}

),

final as (

    select
        crosswalk.customer_id,
        crosswalk.account_id,
        crosswalk.match_method,
        details.customer_name,
        reaches.name_core,
        case when not {{ is_erased_address('details.email') }} then details.email end
            as email,
        details.phone,
        reaches.phone_e164,
        reaches.phone_extension,
        reaches.phone_status,
        details.description,
        details.customer_id is not null as is_in_export,
        {{ is_erased_address('details.email') }} as is_erased
    from crosswalk
    left join details
        on crosswalk.customer_id = details.customer_id
    left join reaches
        on crosswalk.customer_id = reaches.customer_id

)

select * from final
