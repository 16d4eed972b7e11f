-- More seats in use than are paid for lift the adoption of everybody; where none is
-- paid for, that is who tries the product. A number below 0 is taken as not known.
{%- set counts = [
    'seats_active', 'seats_paid', 'daily_active_users', 'monthly_active_users',
    'key_events'
] %}
with

product_usages as (

    select * from {{ ref('stg_crm__product_usages') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

seen as (

    select product_usages.*
    from product_usages
    inner join companies
        on product_usages.company_id = companies.company_id
    inner join run_settings
        on product_usages.usage_date <= run_settings.as_of_date

),

findings as (

    select
        company_id,
        usage_date,
        'seats_active' as column_name,
        cast(seats_active as string)
        || ' of '
        || cast(seats_paid as string) as rejected_value,
        'Expected no more seats in use than are paid for; they count as they are.'
            as expectation
    from seen
    where
        seats_active > seats_paid
        and seats_paid > 0
    {%- for count in counts %}
    union all
    select
        company_id,
        usage_date,
        '{{ count }}' as column_name,
        cast({{ count }} as string) as rejected_value,
        'Expected a number of 0 or more; it is taken as not known.' as expectation
    from seen
    where {{ count }} < 0
    {%- endfor %}

)

-- A company says the same day by day: its first such day stands for all.
select
    'crm.product_usage' as raw_table,
    company_id || ', ' || cast(min(usage_date) as string) as row_id,
    column_name,
    min_by(rejected_value, usage_date) as rejected_value,
    expectation || ' Days: ' || cast(count(*) as string) || '.' as reason
from findings
group by company_id, column_name, expectation
