-- Grain: one row per driver (compute_units, seats), account and month: what the
-- account's companies used of the product up to the as-of.
-- Seats are days of a seat: those paid for, or in use where it is not known what was
-- paid for. A number of seats below 0 is not known.
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

summed as (

    select
        companies.account_id,
        {{ month_of('product_usages.usage_date') }} as month,
        sum(product_usages.compute_units) as compute_units,
        sum(
            coalesce(
                {{ known_count('product_usages.seats_paid') }},
                {{ known_count('product_usages.seats_active') }}
            )
        ) as seat_days
    from product_usages
    inner join companies
        on product_usages.company_id = companies.company_id
    inner join run_settings
        on product_usages.usage_date <= run_settings.as_of_date
    group by companies.account_id, {{ month_of('product_usages.usage_date') }}

),

final as (

    select
        'compute_units' as driver,
        month,
        account_id,
        cast(compute_units as decimal(38, 6)) as quantity
    from summed
    union all
    select
        'seats' as driver,
        month,
        account_id,
        cast(seat_days as decimal(38, 6)) as quantity
    from summed

)

select * from final
