-- Grain: one row per calendar month of the reporting time zone, from the first billed
-- or served month to the month of the as-of.
with

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

invoice_line_items as (

    select * from {{ ref('stg_billing__invoice_line_items') }}

),

first_instants as (

    select min(invoices.created_at) as first_at
    from invoices
    union all
    select min(invoice_line_items.period_start_at) as first_at
    from invoice_line_items
    inner join invoices
        on invoice_line_items.invoice_id = invoices.invoice_id
    where
        invoice_line_items.is_live
        and not invoice_line_items.is_deleted

),

first_instant as (

    select min(first_at) as first_at from first_instants

),

bounds as (

    select
        {{ month_of('run_settings.as_of_date') }} as last_month,
        coalesce(
            {{ month_of(
                local_timestamp(
                    'first_instant.first_at', 'run_settings.reporting_time_zone'
                )
            ) }},
            {{ month_of('run_settings.as_of_date') }}
        ) as first_month
    from run_settings
    cross join first_instant

),

series as (

    select
        {{ month_series(
            'case when first_month < last_month then first_month else last_month end',
            'last_month'
        ) }} as month_start
    from bounds

),

months as (

    select cast(month_start as date) as month from series

),

final as (

    select
        months.month,
        {{ add_months('months.month', 1) }} as next_month,
        {{ utc_timestamp('months.month', 'run_settings.reporting_time_zone') }}
            as month_start_at,
        -- The month of the as-of ends there: nothing is known beyond it.
        least(
            {{ utc_timestamp(
                add_months('months.month', 1), 'run_settings.reporting_time_zone'
            ) }},
            run_settings.as_of_at
        ) as month_end_at,
        least(
            {{ add_days(add_months('months.month', 1), -1) }}, run_settings.as_of_date
        ) as rate_date,
        run_settings.as_of_at >= {{ utc_timestamp(
            add_months('months.month', 1), 'run_settings.reporting_time_zone'
        ) }} as is_complete_month
    from months
    cross join run_settings

)

select * from final
