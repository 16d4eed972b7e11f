-- Grain: one row per account, basis and valid_from: the account may ask support over
-- [valid_from, valid_to), UTC.
-- A perpetual licence comes with policy support_included_months from its activation,
-- the first day of its line's period or else the day of its invoice; then paid
-- maintenance entitles, and a subscription as long as it is served. Intervals of one
-- basis that meet or overlap are one.
with

obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

licences as (

    select
        obligations.account_id,
        obligations.start_on,
        {{ add_months('obligations.start_on', 'run_settings.support_included_months') }}
            as end_on,
        run_settings.reporting_time_zone
    from obligations
    inner join invoices
        on obligations.invoice_id = invoices.invoice_id
    cross join run_settings
    where
        -- Only a perpetual licence has support included.
        obligations.obligation = 'included_support'
        and obligations.net_minor >= 0
        and invoices.invoice_status in ('open', 'paid')

),

unioned as (

    select
        account_id,
        'licence' as basis,
        {{ utc_timestamp('start_on', 'reporting_time_zone') }} as valid_from,
        {{ utc_timestamp('end_on', 'reporting_time_zone') }} as valid_to
    from licences
    union all
    select
        intervals.account_id,
        case
            when prices.licence_type = 'maintenance' then 'maintenance'
            else 'subscription'
        end as basis,
        intervals.valid_from,
        intervals.valid_to
    from intervals
    left join prices
        on intervals.price_id = prices.price_id
    where
        -- Maintenance entitles who pays for it.
        coalesce(prices.licence_type, '') <> 'maintenance'
        or intervals.mrr_amount_in_currency > 0

),

-- Licences of one day have the same support.
distinct_intervals as (

    select distinct
        account_id,
        basis,
        valid_from,
        valid_to
    from unioned
    where valid_from < valid_to

),

with_reach as (

    select
        account_id,
        basis,
        valid_from,
        valid_to,
        max(valid_to) over (
            partition by account_id, basis
            order by valid_from, valid_to
            rows between unbounded preceding and 1 preceding
        ) as reached_before
    from distinct_intervals

),

islands as (

    select
        account_id,
        basis,
        valid_from,
        valid_to,
        sum(case when valid_from <= reached_before then 0 else 1 end) over (
            partition by account_id, basis
            order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as island_number
    from with_reach

),

final as (

    select
        account_id,
        basis,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from islands
    group by account_id, basis, island_number

)

select * from final
