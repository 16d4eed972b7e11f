-- Grain: one row per deal and month at whose end it was open, or in which it was won or
-- lost.
-- What became of a deal is told from where it stands at two month-ends, as movements of
-- MRR are: one that was won and opened again in a month is not won. The amount is the
-- one that the deal had by the month's end, at the rate of the month.
with

deal_stages as (

    select * from {{ ref('int_deal_stages_dated') }}

),

deal_properties as (

    select * from {{ ref('int_deal_properties_dated') }}

),

deals as (

    select * from {{ ref('stg_crm__deals') }}

),

months as (

    select * from {{ ref('int_pipeline_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

amounts as (

    select * from deal_properties
    where property_name = 'amount'

),

close_dates as (

    select * from deal_properties
    where property_name = 'closedate'

),

-- A closed deal stays closed: the first month-end is all that there is to say.
closings as (

    select
        deal_stages.deal_id,
        deal_stages.stage,
        deal_stages.display_order,
        deal_stages.stage_kind,
        deal_stages.probability,
        deal_stages.previous_stage,
        deal_stages.previous_display_order,
        deal_stages.previous_stage_kind,
        deal_stages.valid_from_at,
        deal_stages.first_entered_at,
        months.month,
        months.month_start_at,
        months.month_end_at,
        months.exchange_rate
    from deal_stages
    inner join months
        on
            deal_stages.valid_from_at < months.month_end_at
            and months.month_end_at <= deal_stages.valid_to_at
    where
        deal_stages.stage_kind = 'open'
        or deal_stages.valid_from_at >= months.month_start_at

),

compared as (

    select
        closings.*,
        openings.stage_kind as opening_stage_kind
    from closings
    left join deal_stages as openings
        on
            closings.deal_id = openings.deal_id
            and openings.valid_from_at < closings.month_start_at
            and closings.month_start_at <= openings.valid_to_at

),

valued as (

    select
        compared.deal_id,
        compared.month,
        compared.stage_kind,
        compared.opening_stage_kind,
        compared.probability,
        amounts.amount_in_currency,
        -- Won or lost from the stage before; without one, from where it is.
        case
            when compared.stage_kind = 'open' or compared.previous_stage_kind <> 'open'
                then compared.stage
            else coalesce(compared.previous_stage, compared.stage)
        end as stage,
        case
            when compared.stage_kind = 'open' or compared.previous_stage_kind <> 'open'
                then compared.display_order
            when compared.previous_stage is null then compared.display_order
            else compared.previous_display_order
        end as display_order,
        {{ convert_mrr('amounts.amount_in_currency', 'compared.exchange_rate') }}
            as amount,
        coalesce(
            close_dates.close_at >= compared.month_start_at
            and close_dates.close_at < compared.month_end_at,
            false
        ) as is_due,
        {{ days_between(
            local_day(
                'least(compared.first_entered_at, '
                ~ 'coalesce(deals.created_at, compared.first_entered_at))',
                'run_settings.reporting_time_zone'
            ),
            local_day('compared.valid_from_at', 'run_settings.reporting_time_zone')
        ) }} as cycle_days
    from compared
    cross join run_settings
    inner join deals
        on compared.deal_id = deals.deal_id
    left join amounts
        on
            compared.deal_id = amounts.deal_id
            and amounts.valid_from_at < compared.month_end_at
            and compared.month_end_at <= amounts.valid_to_at
    left join close_dates
        on
            compared.deal_id = close_dates.deal_id
            and close_dates.valid_from_at < compared.month_start_at
            and compared.month_start_at <= close_dates.valid_to_at
    where
        compared.stage_kind = 'open'
        or compared.opening_stage_kind is distinct from compared.stage_kind

),

final as (

    select
        deal_id,
        month,
        stage,
        display_order,
        stage_kind = 'open' as is_open,
        opening_stage_kind is null as is_created,
        -- Open again, or lost after it was won, or won after it was lost.
        coalesce(opening_stage_kind in ('won', 'lost'), false) as is_reopened,
        coalesce(opening_stage_kind = 'open', false) as was_open,
        stage_kind = 'won' as is_won,
        stage_kind = 'lost' as is_lost,
        -- It was expected by now, as things stood when the month began.
        stage_kind = 'open'
        and coalesce(opening_stage_kind = 'open', false)
        and is_due as is_slipped,
        amount_in_currency,
        amount,
        cast(round(amount * probability, 4) as decimal(18, 4)) as weighted_amount,
        case when stage_kind <> 'open' then cycle_days end as cycle_days
    from valued

)

select * from final
