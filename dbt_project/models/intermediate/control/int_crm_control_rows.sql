-- Grain: one row per control of the CRM against billing, period, side, match key and
-- row label.
-- Accounts that were won against accounts that pay: both in the month from which the
-- account first pays where its first deal of new business was won close enough to it by
-- policy crm_billing_tolerance_days, else each in its own month; one whose other half
-- may still come is left out. The amounts of those that meet, the deals of the first
-- month against what the account pays at its first month-end.
with

won_deals as (

    select * from {{ ref('int_won_deals_by_account') }}

),

acquisitions as (

    select * from {{ ref('int_acquisitions_by_account') }}

),

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

-- Who is won for the first time: an account, or a deal of nobody.
numbered_deals as (

    select
        deal_id,
        account_id,
        won_date,
        won_month,
        amount,
        first_won_date,
        coalesce(account_id, 'deal ' || deal_id) as match_key,
        row_number() over (
            partition by coalesce(account_id, 'deal ' || deal_id)
            order by won_date asc, deal_id asc
        ) as deal_number
    from won_deals

),

compared as (

    select
        numbered_deals.match_key,
        numbered_deals.deal_id,
        numbered_deals.won_month,
        numbered_deals.won_date,
        acquisitions.first_paid_date,
        acquisitions.first_paid_month,
        acquisitions.cohort_month,
        coalesce(
            abs({{ days_between(
                'acquisitions.first_paid_date', 'numbered_deals.won_date'
            ) }}) <= run_settings.crm_billing_tolerance_days,
            false
        ) as is_met,
        acquisitions.first_paid_date is null
        and {{ add_days(
            'numbered_deals.won_date', 'run_settings.crm_billing_tolerance_days'
        ) }} >= run_settings.as_of_date as is_still_to_pay
    from numbered_deals
    cross join run_settings
    left join acquisitions
        on numbered_deals.account_id = acquisitions.account_id
    where numbered_deals.deal_number = 1

),

won as (

    select
        'crm_won_deals_billed' as control,
        case when is_met then first_paid_month else won_month end as period,
        'expected' as side,
        match_key,
        'crm.deal ' || deal_id || ' won on ' || cast(won_date as string) as row_label,
        cast(1 as decimal(24, 4)) as amount
    from compared
    where not is_still_to_pay

),

start as (

    select min(period) as first_period from won

),

paid as (

    select
        'crm_won_deals_billed' as control,
        acquisitions.first_paid_month as period,
        'actual' as side,
        acquisitions.account_id as match_key,
        'account '
        || acquisitions.account_id
        || ' pays from '
        || cast(acquisitions.first_paid_date as string) as row_label,
        cast(1 as decimal(24, 4)) as amount
    from acquisitions
    cross join run_settings
    inner join start
        on acquisitions.first_paid_month >= start.first_period
    left join compared
        on acquisitions.account_id = compared.match_key
    where
        compared.match_key is not null
        or {{ add_days(
            'acquisitions.first_paid_date', 'run_settings.crm_billing_tolerance_days'
        ) }} < run_settings.as_of_date

),

met as (

    select
        match_key,
        first_paid_month,
        cohort_month
    from compared
    where
        is_met
        and cohort_month is not null

),

amounts_won as (

    select
        'crm_won_deals_amount' as control,
        met.first_paid_month as period,
        'expected' as side,
        met.match_key,
        'crm.deal ' || numbered_deals.deal_id as row_label,
        cast(coalesce(numbered_deals.amount, 0) as decimal(24, 4)) as amount
    from met
    inner join numbered_deals
        on met.match_key = numbered_deals.match_key
    where numbered_deals.won_month = {{ month_of('numbered_deals.first_won_date') }}

),

amounts_paid as (

    select
        'crm_won_deals_amount' as control,
        met.first_paid_month as period,
        'actual' as side,
        met.match_key,
        'what account '
        || met.match_key
        || ' pays at the end of '
        || substring(cast(met.cohort_month as string), 1, 7) as row_label,
        cast(
            case
                when run_settings.crm_deal_amount = 'monthly' then mrr_measures.mrr
                else mrr_measures.arr
            end as decimal(24, 4)
        ) as amount
    from met
    cross join run_settings
    inner join mrr_measures
        on
            met.match_key = mrr_measures.account_id
            and met.cohort_month = mrr_measures.month

),

unioned as (

    select * from won
    union all
    select * from paid
    union all
    select * from amounts_won
    union all
    select * from amounts_paid

),

final as (

    select
        unioned.control,
        unioned.period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        unioned.side,
        unioned.match_key,
        unioned.match_key as document_id,
        unioned.row_label,
        unioned.amount
    from unioned
    cross join run_settings

)

select * from final
