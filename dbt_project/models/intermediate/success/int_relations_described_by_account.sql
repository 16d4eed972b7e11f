-- Grain: one row per account, those of the CRM that were never billed included: who
-- looks after it, what was heard from it last, what it uses and when it renews.
-- "A year" is the month of the as-of and the eleven before it.
with

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

companies_crosswalk as (

    select * from {{ ref('int_companies_crosswalked') }}

),

companies_by_account as (

    select * from {{ ref('int_companies_by_account') }}

),

companies as (

    select * from {{ ref('int_companies_survived') }}

),

visible_subscriptions as (

    select * from {{ ref('int_subscriptions_visible') }}

),

subscriptions as (

    select * from {{ ref('stg_billing__subscriptions') }}

),

touchpoints as (

    select * from {{ ref('int_touchpoints_attributed') }}

),

product_usages as (

    select * from {{ ref('int_product_usages_by_company_day') }}

),

feedback as (

    select * from {{ ref('int_feedback_answered') }}

),

tickets as (

    select * from {{ ref('int_tickets_answered') }}

),

entitlements as (

    select * from {{ ref('int_support_entitlements_dated') }}

),

activations as (

    select * from {{ ref('int_accounts_activated') }}

),

receivables as (

    select * from {{ ref('int_receivables_by_document') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

run_settings as (

    select
        *,
        {{ month_of('as_of_date') }} as this_month,
        {{ add_months(month_of('as_of_date'), -11) }} as first_month
    from {{ ref('int_run_settings') }}

),

account_ids as (

    select account_id from accounts
    union
    select account_id from companies_crosswalk

),

owners as (

    select
        companies_by_account.account_id,
        companies.owner_id
    from companies_by_account
    inner join companies
        on companies_by_account.crm_company_id = companies.company_id

),

-- What was given notice of, or has ended, is not renewed.
renewals as (

    select
        accounts.account_id,
        min(
            {{ local_day(
                'subscriptions.current_period_end_at',
                'run_settings.reporting_time_zone'
            ) }}
        ) as next_renewal_date
    from visible_subscriptions
    inner join subscriptions
        on visible_subscriptions.subscription_id = subscriptions.subscription_id
    inner join accounts
        on visible_subscriptions.customer_id = accounts.customer_id
    cross join run_settings
    where
        visible_subscriptions.subscription_status in ('active', 'past_due', 'trialing')
        and visible_subscriptions.canceled_at is null
        and visible_subscriptions.ended_at is null
        and subscriptions.cancel_at is null
        and not subscriptions.is_cancelled_at_period_end
        and subscriptions.current_period_end_at >= run_settings.as_of_at
    group by accounts.account_id

),

touched as (

    select
        account_id,
        max(occurred_at) as last_touched_at
    from touchpoints
    group by account_id

),

used as (

    select
        account_id,
        max(usage_date) as last_usage_date
    from product_usages
    group by account_id

),

seats_ranked as (

    select
        product_usages.account_id,
        product_usages.seats_active,
        product_usages.seats_paid,
        rank() over (
            partition by product_usages.surviving_company_id
            order by product_usages.usage_date desc
        ) as newest_first
    from product_usages
    inner join run_settings
        on {{ month_of('product_usages.usage_date') }} >= run_settings.first_month
    where
        product_usages.seats_paid is not null
        and product_usages.seats_active is not null

),

seats as (

    select
        account_id,
        sum(seats_active) as seats_active,
        sum(seats_paid) as seats_paid
    from seats_ranked
    where
        newest_first = 1
        and seats_paid > 0
    group by account_id

),

answers_numbered as (

    select
        feedback.account_id,
        feedback.answer,
        row_number() over (
            partition by feedback.account_id, feedback.respondent_id
            order by feedback.submitted_at desc, feedback.feedback_id desc
        ) as answer_number
    from feedback
    inner join run_settings
        on feedback.month >= run_settings.first_month

),

answers as (

    select
        account_id,
        count(*) as nps_respondents,
        sum(case when answer >= 9 then 100 when answer <= 6 then -100 else 0 end)
            as nps_points
    from answers_numbered
    where answer_number = 1
    group by account_id

),

tickets_of_accounts as (

    select
        tickets.account_id,
        sum(case when tickets.month >= run_settings.first_month then 1 else 0 end)
            as tickets_of_a_year,
        sum(case when tickets.closed_at is null then 1 else 0 end) as open_tickets
    from tickets
    cross join run_settings
    where tickets.account_id is not null
    group by tickets.account_id

),

entitled as (

    select
        entitlements.account_id,
        entitlements.basis,
        entitlements.valid_to,
        row_number() over (
            partition by entitlements.account_id
            order by entitlements.valid_to desc, entitlements.basis asc
        ) as entitlement_number
    from entitlements
    inner join run_settings
        on
            entitlements.valid_from < run_settings.as_of_at
            and entitlements.valid_to > run_settings.as_of_at

),

owed as (

    select
        receivables.account_id,
        receivables.currency_code,
        receivables.minor_unit_digits,
        run_settings.this_month,
        sum(receivables.receivable_minor) as receivable_minor
    from receivables
    inner join run_settings
        on receivables.moved_on <= run_settings.as_of_date
    group by
        receivables.account_id,
        receivables.currency_code,
        receivables.minor_unit_digits,
        run_settings.this_month

),

owed_in_reporting_currency as (

    select
        owed.account_id,
        -- NULL as soon as one rate is missing.
        case
            when count(*) = count(exchange_rates.exchange_rate)
                then {{ sum_mrr(convert_mrr(
                    minor_to_amount('owed.receivable_minor', 'owed.minor_unit_digits'),
                    'exchange_rates.exchange_rate'
                )) }}
        end as receivable_amount
    from owed
    left join exchange_rates
        on
            owed.currency_code = exchange_rates.currency_code
            and owed.this_month = exchange_rates.month
    where owed.receivable_minor <> 0
    group by owed.account_id

),

final as (

    select
        account_ids.account_id,
        owners.owner_id,
        renewals.next_renewal_date,
        touched.last_touched_at,
        used.last_usage_date,
        seats.seats_active,
        seats.seats_paid,
        answers.nps_points,
        answers.nps_respondents,
        coalesce(tickets_of_accounts.tickets_of_a_year, 0) as tickets_of_a_year,
        coalesce(tickets_of_accounts.open_tickets, 0) as open_tickets,
        entitled.basis as entitlement_basis,
        entitled.valid_to as entitled_until_at,
        activations.time_to_value_days,
        case
            when owed_in_reporting_currency.account_id is null
                then cast(0 as decimal(18, 4))
            else owed_in_reporting_currency.receivable_amount
        end as receivable_amount
    from account_ids
    left join owners
        on account_ids.account_id = owners.account_id
    left join renewals
        on account_ids.account_id = renewals.account_id
    left join touched
        on account_ids.account_id = touched.account_id
    left join used
        on account_ids.account_id = used.account_id
    left join seats
        on account_ids.account_id = seats.account_id
    left join answers
        on account_ids.account_id = answers.account_id
    left join tickets_of_accounts
        on account_ids.account_id = tickets_of_accounts.account_id
    left join entitled
        on
            account_ids.account_id = entitled.account_id
            and entitled.entitlement_number = 1
    left join activations
        on account_ids.account_id = activations.account_id
    left join owed_in_reporting_currency
        on account_ids.account_id = owed_in_reporting_currency.account_id

)

select * from final
