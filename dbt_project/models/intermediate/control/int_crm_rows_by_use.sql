-- Grain: one row per source, table and use of its rows.
-- What became of the rows of the CRM's histories, which the costs do not read.
with

company_histories as (

    select * from {{ ref('stg_crm__company_property_history') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

described as (

    select
        'crm' as source,
        'company_property_history' as table_name,
        case
            when not {{ is_known_by_the_as_of('company_histories.set_at') }}
                then 'after the as-of'
            when companies.company_id is null then 'of no company'
            when
                company_histories.property_name = 'numberofemployees'
                and trim(company_histories.property_value) <> ''
                and {{ typed_count('company_histories.property_value') }} is null
                then 'cannot be read: the value before stays'
            when
                company_histories.property_name
                in ('country', 'industry', 'numberofemployees')
                then 'segments of an account'
            else 'no model reads this property'
        end as row_use
    from company_histories
    cross join run_settings
    left join companies
        on company_histories.company_id = companies.company_id

),

final as (

    select
        source,
        table_name,
        row_use,
        count(*) as row_count
    from described
    group by source, table_name, row_use

)

select * from final
