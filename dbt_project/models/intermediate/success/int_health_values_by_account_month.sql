-- Grain: one row per account, month at whose end it pays MRR, measure and look-back:
-- the value of the measure, 6 decimals; no row where nothing is known.
-- A look-back of n days is [month-end less n days of 24 hours, month-end), in days of
-- use the last n days; tickets stand as they stood at the month-end.
with

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

health_measures as (

    select * from {{ ref('int_health_measures_overridden') }}

),

product_usages as (

    select * from {{ ref('int_product_usages_by_company_day') }}

),

tickets as (

    select * from {{ ref('int_tickets_answered') }}

),

feedback as (

    select * from {{ ref('int_feedback_answered') }}

),

csm_ratings as (

    select * from {{ ref('stg_crm__csm_ratings') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

invoices as (

    select * from {{ ref('int_invoices_visible') }}

),

first_paid as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

windows as (

    select distinct
        measure,
        look_back_days
    from health_measures
    where
        weight > 0
        and not measure like 'score:%'

),

account_months as (

    select
        mrr_measures.account_id,
        mrr_measures.month,
        mrr_measures.mrr,
        mrr_measures.mrr_at_risk,
        months.month_end_at,
        closes.facts_close_on,
        closes.days_close_on
    from mrr_measures
    inner join months
        on mrr_measures.month = months.month
    inner join closes
        on mrr_measures.month = closes.month
    where mrr_measures.mrr > 0

),

looking_back as (

    select
        account_months.*,
        windows.measure,
        windows.look_back_days,
        {{ add_days_to_timestamp(
            'account_months.month_end_at', '-windows.look_back_days'
        ) }} as window_start_at,
        {{ add_days('account_months.facts_close_on', '-windows.look_back_days') }}
            as window_start_on
    from account_months
    cross join windows

),

usage_in_window as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        product_usages.surviving_company_id,
        product_usages.usage_date,
        product_usages.seats_active,
        product_usages.seats_paid,
        product_usages.key_events
    from looking_back
    inner join product_usages
        on
            looking_back.account_id = product_usages.account_id
            and looking_back.window_start_on <= product_usages.usage_date
            and looking_back.facts_close_on > product_usages.usage_date
    where looking_back.measure in ('usage', 'adoption')

),

used as (

    select
        measure,
        look_back_days,
        account_id,
        month,
        {{ exact_integer('sum(key_events)') }} as numerator,
        {{ exact_integer('sum(seats_active)') }} as denominator
    from usage_in_window
    where
        measure = 'usage'
        and key_events is not null
        and seats_active is not null
    group by measure, look_back_days, account_id, month

),

-- Seats are those of the newest day that knows them and those paid for, in one record;
-- a record with none paid for counts on neither side.
seats_ranked as (

    select
        *,
        rank() over (
            partition by look_back_days, account_id, month, surviving_company_id
            order by usage_date desc
        ) as newest_first
    from usage_in_window
    where
        measure = 'adoption'
        and seats_paid is not null
        and seats_active is not null

),

adopted as (

    select
        measure,
        look_back_days,
        account_id,
        month,
        {{ exact_integer('sum(seats_active)') }} as numerator,
        {{ exact_integer('sum(seats_paid)') }} as denominator
    from seats_ranked
    where
        newest_first = 1
        and seats_paid > 0
    group by measure, look_back_days, account_id, month

),

-- What was answered or closed later was open at the month-end.
tickets_at_month_end as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        looking_back.month_end_at,
        tickets.reply_due_at,
        case
            when tickets.first_replied_at < looking_back.month_end_at
                then tickets.first_replied_at
        end as first_replied_at,
        case
            when tickets.closed_at < looking_back.month_end_at then tickets.closed_at
        end as closed_at
    from looking_back
    inner join tickets
        on
            looking_back.account_id = tickets.account_id
            and looking_back.window_start_at <= tickets.created_at
            and looking_back.month_end_at > tickets.created_at
    where looking_back.measure = 'support'

),

replies as (

    select
        *,
        case
            when first_replied_at > reply_due_at then 'breached'
            when first_replied_at is not null then 'in_time'
            when coalesce(closed_at, month_end_at) > reply_due_at then 'breached'
        end as reply_status
    from tickets_at_month_end

),

supported as (

    select
        measure,
        look_back_days,
        account_id,
        month,
        {{ exact_integer(
            "sum(case when reply_status = 'in_time' then 1 else 0 end)"
        ) }} as numerator,
        {{ exact_integer('count(*)') }} as denominator
    from replies
    where reply_status is not null
    group by measure, look_back_days, account_id, month

),

feedback_numbered as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        feedback.answer,
        row_number() over (
            partition by
                looking_back.look_back_days,
                looking_back.account_id,
                looking_back.month,
                feedback.respondent_id
            order by feedback.submitted_at desc, feedback.feedback_id desc
        ) as answer_number
    from looking_back
    inner join feedback
        on
            looking_back.account_id = feedback.account_id
            and looking_back.window_start_at <= feedback.submitted_at
            and looking_back.month_end_at > feedback.submitted_at
    where looking_back.measure = 'nps'

),

promoted as (

    select
        measure,
        look_back_days,
        account_id,
        month,
        {{ exact_integer(
            'sum(case when answer >= 9 then 100 when answer <= 6 then -100 else 0 end)'
        ) }} as numerator,
        {{ exact_integer('count(*)') }} as denominator
    from feedback_numbered
    where answer_number = 1
    group by measure, look_back_days, account_id, month

),

csm_ratings_numbered as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        csm_ratings.rating,
        row_number() over (
            partition by
                looking_back.look_back_days,
                looking_back.account_id,
                looking_back.month
            order by csm_ratings.rated_at desc, csm_ratings.company_id asc
        ) as rating_number
    from csm_ratings
    inner join companies
        on csm_ratings.company_id = companies.company_id
    inner join looking_back
        on
            companies.account_id = looking_back.account_id
            and csm_ratings.rated_at >= looking_back.window_start_at
            and csm_ratings.rated_at < looking_back.month_end_at
    where
        looking_back.measure = 'csm_rating'
        and csm_ratings.rating is not null

),

rated as (

    select
        measure,
        look_back_days,
        account_id,
        month,
        {{ decimal_in_millionths('rating') }} as numerator,
        {{ exact_integer('1000000') }} as denominator
    from csm_ratings_numbered
    where rating_number = 1

),

past_due_seconds as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        max(
            {{ seconds_between(
                "date_trunc('second', invoices.past_due_from)",
                "date_trunc('second', least(invoices.settled_at,"
                ~ " looking_back.month_end_at))"
            ) }}
        ) as seconds
    from invoices
    inner join accounts
        on invoices.customer_id = accounts.customer_id
    inner join looking_back
        on
            accounts.account_id = looking_back.account_id
            and invoices.past_due_from < looking_back.month_end_at
            and invoices.settled_at > looking_back.window_start_at
    where
        looking_back.measure = 'billing'
        and invoices.past_due_from < invoices.settled_at
        and invoices.invoice_status in ('open', 'paid', 'uncollectible', 'void')
    group by
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month

),

billed as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        {{ exact_integer(
            whole_quotient('coalesce(past_due_seconds.seconds, 0)', '86400')
        ) }} as numerator,
        {{ exact_integer('1') }} as denominator
    from looking_back
    left join past_due_seconds
        on
            looking_back.account_id = past_due_seconds.account_id
            and looking_back.month = past_due_seconds.month
            and looking_back.look_back_days = past_due_seconds.look_back_days
    where looking_back.measure = 'billing'

),

stayed as (

    select
        looking_back.measure,
        looking_back.look_back_days,
        looking_back.account_id,
        looking_back.month,
        {{ exact_integer(
            'greatest('
            ~ days_between('first_paid.first_paid_date', 'looking_back.days_close_on')
            ~ ', 0)'
        ) }} as numerator,
        {{ exact_integer('1') }} as denominator
    from looking_back
    inner join first_paid
        on looking_back.account_id = first_paid.account_id
    where
        looking_back.measure = 'tenure'
        and first_paid.first_paid_date is not null

),

given_notice as (

    select
        measure,
        look_back_days,
        account_id,
        month,
        {{ decimal_in_millionths('mrr_at_risk') }} as numerator,
        {{ decimal_in_millionths('mrr') }} as denominator
    from looking_back
    where measure = 'renewal'

),

unioned as (

    select * from used
    union all
    select * from adopted
    union all
    select * from supported
    union all
    select * from promoted
    union all
    select * from rated
    union all
    select * from billed
    union all
    select * from stayed
    union all
    select * from given_notice

),

final as (

    select
        account_id,
        month,
        measure,
        look_back_days,
        -- Without a seat in use nothing is used.
        case
            when denominator = 0 then cast(0 as decimal(24, 6))
            else {{ round_quotient_to_millionths('numerator', 'denominator') }}
        end as measure_value
    from unioned

)

select * from final
