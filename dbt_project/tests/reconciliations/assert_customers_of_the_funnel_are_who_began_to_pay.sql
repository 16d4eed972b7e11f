-- Every account that ever paid is a customer of the funnel once, in the month from
-- which it first pays, wherever there is a funnel at all; with a lead or without.
with

funnel as (

    select
        month,
        customers,
        customers_without_lead
    from {{ ref('fct_funnel_by_month') }}
    where channel = 'all'

),

-- Without visitors and leads there is no funnel.
evidence as (

    select count(*) as row_count from funnel

),

accounts as (

    select
        {{ month_of('dim_accounts.first_paid_date') }} as month,
        count(*) as customers
    from {{ ref('dim_accounts') }} as dim_accounts
    cross join evidence
    where
        dim_accounts.first_paid_date is not null
        and evidence.row_count > 0
    group by {{ month_of('dim_accounts.first_paid_date') }}

),

-- A customer by a lead is one that somebody's lead became.
converted as (

    select
        {{ month_of('customer_date') }} as month,
        count(*) as customers
    from {{ ref('int_leads') }}
    where customer_date is not null
    group by {{ month_of('customer_date') }}

),

compared as (

    select
        coalesce(funnel.month, accounts.month) as month,
        'customers' as measure,
        coalesce(accounts.customers, 0) as expected,
        coalesce(funnel.customers, 0) as actual
    from accounts
    full outer join funnel
        on accounts.month = funnel.month
    union all
    select
        coalesce(funnel.month, converted.month) as month,
        'customers with a lead' as measure,
        coalesce(converted.customers, 0) as expected,
        coalesce(funnel.customers - funnel.customers_without_lead, 0) as actual
    from converted
    full outer join funnel
        on converted.month = funnel.month

)

select
    month,
    measure,
    expected,
    actual
from compared
where expected <> actual
