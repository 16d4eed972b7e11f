-- Grain: one row per month and acquisition channel with anything in the funnel, and one
-- per such month for all channels together ('all').
-- From visitors to customers, each stage counted in the month of its first day (what
-- happened in the month) and, of the leads of the month, how far they came by the as-of
-- (the cohort). Definitions 8.
with

visitors as (

    select * from {{ ref('int_visitors_by_channel_month') }}

),

leads as (

    select * from {{ ref('int_leads') }}

),

acquisitions as (

    select * from {{ ref('int_acquisitions_by_account') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

-- Counted once in all channels together, where it came by several.
visits_of_channels as (

    select
        month,
        channel,
        visitor_id,
        visit_count
    from visitors
    union all
    select
        month,
        'all' as channel,
        visitor_id,
        visit_count
    from visitors

),

visitor_counts as (

    select
        month,
        channel,
        count(distinct case when visitor_id <> '' then visitor_id end) as visitors,
        sum(visit_count) as visits
    from visits_of_channels
    group by month, channel

),

leads_of_channels as (

    select
        channel,
        account_id,
        lead_date,
        mql_date,
        sql_date,
        opportunity_date,
        customer_date,
        trial_date,
        trial_customer_date,
        sign_up_date,
        sign_up_customer_date
    from leads
    union all
    select
        'all' as channel,
        account_id,
        lead_date,
        mql_date,
        sql_date,
        opportunity_date,
        customer_date,
        trial_date,
        trial_customer_date,
        sign_up_date,
        sign_up_customer_date
    from leads

),

-- The funnel has no customers where it has neither visitors nor leads at all.
funnel_months as (

    select month from visitors
    union
    select {{ month_of('lead_date') }} as month from leads

),

evidence as (

    select count(*) as funnel_month_count from funnel_months

),

-- A lead that came when the account paid already did not win it.
accounts_won_by_a_lead as (

    select distinct account_id from leads
    where customer_date is not null

),

customers as (

    select
        acquisitions.account_id,
        acquisitions.channel,
        acquisitions.first_paid_month,
        case when accounts_won_by_a_lead.account_id is null then 1 else 0 end
            as is_without_lead
    from acquisitions
    cross join evidence
    left join accounts_won_by_a_lead
        on acquisitions.account_id = accounts_won_by_a_lead.account_id
    where evidence.funnel_month_count > 0

),

customers_of_channels as (

    select
        channel,
        first_paid_month,
        is_without_lead
    from customers
    union all
    select
        'all' as channel,
        first_paid_month,
        is_without_lead
    from customers

),

lead_cohorts as (

    select
        {{ month_of('lead_date') }} as month,
        channel,
        count(*) as leads,
        count(mql_date) as leads_to_mqls,
        count(sql_date) as leads_to_sqls,
        count(opportunity_date) as leads_to_opportunities,
        count(customer_date) as leads_to_customers
    from leads_of_channels
    group by {{ month_of('lead_date') }}, channel

),
{%- for stage, date_column in [
    ('mqls', 'mql_date'), ('sqls', 'sql_date'), ('opportunities', 'opportunity_date')
] %}

{{ stage }}_by_month as (

    select
        {{ month_of(date_column) }} as month,
        channel,
        count(*) as {{ stage }}
    from leads_of_channels
    where {{ date_column }} is not null
    group by {{ month_of(date_column) }}, channel

),
{%- endfor %}
{%- for kind in ['trial', 'sign_up'] %}

{{ kind }}s_by_month as (

    select
        {{ month_of(kind ~ '_date') }} as month,
        channel,
        count(*) as {{ kind }}s,
        count({{ kind }}_customer_date) as {{ kind }}s_to_customers
    from leads_of_channels
    where {{ kind }}_date is not null
    group by {{ month_of(kind ~ '_date') }}, channel

),
{%- endfor %}

customers_by_month as (

    select
        first_paid_month as month,
        channel,
        count(*) as customers,
        sum(is_without_lead) as customers_without_lead
    from customers_of_channels
    group by first_paid_month, channel

),

month_channels as (

    select
        month,
        channel
    from visitor_counts
    union
    select
        month,
        channel
    from lead_cohorts
    union
    select
        month,
        channel
    from mqls_by_month
    union
    select
        month,
        channel
    from sqls_by_month
    union
    select
        month,
        channel
    from opportunities_by_month
    union
    select
        month,
        channel
    from trials_by_month
    union
    select
        month,
        channel
    from sign_ups_by_month
    union
    select
        month,
        channel
    from customers_by_month

),

joined as (

    select
        month_channels.month,
        month_channels.channel,
        cast(coalesce(visitor_counts.visitors, 0) as bigint) as visitors,
        cast(coalesce(visitor_counts.visits, 0) as bigint) as visits,
        cast(coalesce(lead_cohorts.leads, 0) as bigint) as leads,
        cast(coalesce(lead_cohorts.leads_to_mqls, 0) as bigint) as leads_to_mqls,
        cast(coalesce(lead_cohorts.leads_to_sqls, 0) as bigint) as leads_to_sqls,
        cast(coalesce(lead_cohorts.leads_to_opportunities, 0) as bigint)
            as leads_to_opportunities,
        cast(coalesce(lead_cohorts.leads_to_customers, 0) as bigint)
            as leads_to_customers,
        cast(coalesce(mqls_by_month.mqls, 0) as bigint) as mqls,
        cast(coalesce(sqls_by_month.sqls, 0) as bigint) as sqls,
        cast(coalesce(opportunities_by_month.opportunities, 0) as bigint)
            as opportunities,
        cast(coalesce(trials_by_month.trials, 0) as bigint) as trials,
        cast(coalesce(trials_by_month.trials_to_customers, 0) as bigint)
            as trials_to_customers,
        cast(coalesce(sign_ups_by_month.sign_ups, 0) as bigint) as sign_ups,
        cast(coalesce(sign_ups_by_month.sign_ups_to_customers, 0) as bigint)
            as sign_ups_to_customers,
        cast(coalesce(customers_by_month.customers, 0) as bigint) as customers,
        cast(coalesce(customers_by_month.customers_without_lead, 0) as bigint)
            as customers_without_lead
    from month_channels
    left join visitor_counts
        on
            month_channels.month = visitor_counts.month
            and month_channels.channel = visitor_counts.channel
    left join lead_cohorts
        on
            month_channels.month = lead_cohorts.month
            and month_channels.channel = lead_cohorts.channel
    left join mqls_by_month
        on
            month_channels.month = mqls_by_month.month
            and month_channels.channel = mqls_by_month.channel
    left join sqls_by_month
        on
            month_channels.month = sqls_by_month.month
            and month_channels.channel = sqls_by_month.channel
    left join opportunities_by_month
        on
            month_channels.month = opportunities_by_month.month
            and month_channels.channel = opportunities_by_month.channel
    left join trials_by_month
        on
            month_channels.month = trials_by_month.month
            and month_channels.channel = trials_by_month.channel
    left join sign_ups_by_month
        on
            month_channels.month = sign_ups_by_month.month
            and month_channels.channel = sign_ups_by_month.channel
    left join customers_by_month
        on
            month_channels.month = customers_by_month.month
            and month_channels.channel = customers_by_month.channel

),

final as (

    select
        joined.month,
        joined.channel,
        joined.visitors,
        joined.visits,
        joined.leads,
        joined.mqls,
        joined.sqls,
        joined.opportunities,
        joined.customers,
        joined.customers_without_lead,
        {{ ratio('joined.leads', 'joined.visitors') }} as visitor_to_lead_period_rate,
        {{ ratio('joined.mqls', 'joined.leads') }} as lead_to_mql_period_rate,
        {{ ratio('joined.sqls', 'joined.mqls') }} as mql_to_sql_period_rate,
        {{ ratio('joined.opportunities', 'joined.sqls') }}
            as sql_to_opportunity_period_rate,
        {{ ratio('joined.customers', 'joined.opportunities') }}
            as opportunity_to_customer_period_rate,
        {{ ratio('joined.customers', 'joined.leads') }} as lead_conversion_period_rate,
        joined.leads_to_mqls,
        joined.leads_to_sqls,
        joined.leads_to_opportunities,
        joined.leads_to_customers,
        {{ ratio('joined.leads_to_mqls', 'joined.leads') }} as lead_to_mql_cohort_rate,
        {{ ratio('joined.leads_to_sqls', 'joined.leads_to_mqls') }}
            as mql_to_sql_cohort_rate,
        {{ ratio('joined.leads_to_opportunities', 'joined.leads_to_sqls') }}
            as sql_to_opportunity_cohort_rate,
        {{ ratio('joined.leads_to_customers', 'joined.leads_to_opportunities') }}
            as opportunity_to_customer_cohort_rate,
        {{ ratio('joined.leads_to_customers', 'joined.leads') }}
            as lead_conversion_cohort_rate,
        joined.trials,
        joined.trials_to_customers,
        {{ ratio('joined.trials_to_customers', 'joined.trials') }}
            as trial_conversion_rate,
        joined.sign_ups,
        joined.sign_ups_to_customers,
        {{ ratio('joined.sign_ups_to_customers', 'joined.sign_ups') }}
            as sign_up_conversion_rate,
        -- Months may be older than billing, whose calendar dim_months is.
        run_settings.as_of_at >= {{ utc_timestamp(
            add_months('joined.month', 1), 'run_settings.reporting_time_zone'
        ) }} as is_complete_month
    from joined
    cross join run_settings

)

select * from final
