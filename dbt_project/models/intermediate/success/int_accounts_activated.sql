-- Grain: one row per account that has started and had an activation event before the
-- as-of: how many days that took.
-- It starts with its first subscription, trial or not, or its first paid day, whichever
-- is earlier. What was activated before that was there at once.
with

activation_events as (

    select * from {{ ref('stg_crm__activation_events') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}
    where subscription_status not in ('incomplete', 'incomplete_expired')

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

first_paid as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

starts as (

    select
        account_id,
        first_paid_date as started_on
    from first_paid
    where first_paid_date is not null
    union all
    select
        accounts.account_id,
        {{ local_day('subscriptions.started_at', 'run_settings.reporting_time_zone') }}
            as started_on
    from subscriptions
    inner join accounts
        on subscriptions.customer_id = accounts.customer_id
    inner join run_settings
        on subscriptions.started_at < run_settings.as_of_at

),

first_starts as (

    select
        account_id,
        min(started_on) as started_on
    from starts
    group by account_id

),

first_activations as (

    select
        companies.account_id,
        {{ local_day(
            'min(activation_events.occurred_at)', 'run_settings.reporting_time_zone'
        ) }} as activated_on
    from activation_events
    inner join companies
        on activation_events.company_id = companies.company_id
    inner join run_settings
        on activation_events.occurred_at < run_settings.as_of_at
    group by companies.account_id, run_settings.reporting_time_zone

),

final as (

    select
        first_starts.account_id,
        first_starts.started_on,
        greatest(first_activations.activated_on, first_starts.started_on)
            as activated_on,
        {{ month_of(
            'greatest(first_activations.activated_on, first_starts.started_on)'
        ) }} as month,
        cast(
            {{ days_between(
                'first_starts.started_on',
                'greatest(first_activations.activated_on, first_starts.started_on)'
            ) }} as bigint
        ) as time_to_value_days
    from first_starts
    inner join first_activations
        on first_starts.account_id = first_activations.account_id

)

select * from final
