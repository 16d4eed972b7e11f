-- Grain: one row per account.
with

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

customers as (

    select * from {{ ref('int_billing_customers_unioned') }}

),

companies as (

    select * from {{ ref('int_companies_by_account') }}

),

segments as (

    select * from {{ ref('int_accounts_segmented') }}

),

intervals as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

account_customers as (

    select
        accounts.account_id,
        accounts.match_method,
        accounts.is_person,
        customers.customer_id,
        customers.customer_name,
        customers.currency_code,
        customers.created_at,
        customers.is_deleted,
        -- The least sure of them is what makes the customers one.
        row_number() over (
            partition by accounts.account_id
            order by
                case accounts.match_method
                    when 'phone_and_name' then 1
                    when 'domain_and_name' then 2
                    when 'email' then 3
                    when 'crm_property' then 4
                    when 'decision' then 5
                    else 6
                end asc,
                customers.customer_id asc
        ) as doubt_number
    from accounts
    inner join customers
        on accounts.customer_id = customers.customer_id

),

grouped as (

    select
        account_id,
        max(case when doubt_number = 1 then match_method end) as match_method,
        {{ ordered_list('customer_id') }} as billing_customer_ids,
        min(created_at) as created_at,
        max(case when is_deleted then 0 else 1 end) = 1 as is_in_billing
    from account_customers
    group by account_id

),

described as (

    select
        grouped.account_id,
        -- The account is named by its earliest billing customer, whose id it carries.
        named.customer_name as account_name,
        named.is_person,
        companies.parent_account_id,
        grouped.billing_customer_ids,
        companies.crm_company_id,
        named.currency_code as billing_currency_code,
        grouped.created_at,
        grouped.match_method,
        grouped.is_in_billing
    from grouped
    inner join account_customers as named
        on grouped.account_id = named.customer_id
    left join companies
        on grouped.account_id = companies.account_id
    union all
    select
        account_id,
        company_name as account_name,
        is_person,
        parent_account_id,
        cast(null as string) as billing_customer_ids,
        crm_company_id,
        cast(null as string) as billing_currency_code,
        created_at,
        'crm_company' as match_method,
        false as is_in_billing
    from companies
    where not is_billed

),

final as (

    select
        described.account_id,
        case
            -- A person's name is personal data, also on a bill, and whether a name was
            -- erased or never there is nobody's business.
            when described.is_person or described.account_name is null
                then described.account_id
            else described.account_name
        end as account_name,
        described.parent_account_id,
        described.billing_customer_ids,
        described.crm_company_id,
        {%- for segment in [
            'region', 'country', 'vertical', 'organization_size'
        ] %}
        case
            when segments.{{ segment }} <> 'unknown' then segments.{{ segment }}
        end as {{ segment }},
        {%- endfor %}
        intervals.deployment,
        case
            when segments.acquisition_channel <> 'unknown'
                then segments.acquisition_channel
        end as acquisition_channel,
        described.billing_currency_code,
        described.created_at,
        intervals.first_paid_date,
        intervals.cohort_month,
        described.match_method,
        described.is_in_billing
    from described
    left join segments
        on described.account_id = segments.account_id
    left join intervals
        on described.account_id = intervals.account_id

)

select * from final
