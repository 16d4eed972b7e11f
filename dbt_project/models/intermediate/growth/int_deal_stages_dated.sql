-- Grain: one row per deal, stage and time at which the deal entered it.
-- From when until when a deal stood in a stage, by the history of its stages; a deal
-- without one has stood in its stage since it was created. A stage that no pipeline has
-- is left out, so that the deal stays where it was; so are deals that were deleted and
-- what happened after the as-of.
with

deals as (

    select * from {{ ref('stg_crm__deals') }}

),

deal_stages as (

    select * from {{ ref('stg_crm__deal_stages') }}

),

pipeline_stages as (

    select * from {{ ref('stg_crm__deal_pipeline_stages') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

entries_of_history as (

    select
        deal_stages.deal_id,
        deal_stages.stage_id,
        deal_stages.entered_at
    from deal_stages
    inner join pipeline_stages
        on deal_stages.stage_id = pipeline_stages.stage_id

),

deals_with_history as (

    select distinct deal_id from entries_of_history

),

entries as (

    select
        deal_id,
        stage_id,
        entered_at
    from entries_of_history
    union all
    select
        deals.deal_id,
        deals.stage_id,
        deals.created_at as entered_at
    from deals
    left join deals_with_history
        on deals.deal_id = deals_with_history.deal_id
    where
        deals_with_history.deal_id is null
        and deals.created_at is not null

),

visible_entries as (

    select
        entries.deal_id,
        entries.stage_id,
        entries.entered_at,
        pipeline_stages.stage,
        pipeline_stages.display_order,
        case
            when pipeline_stages.is_won then 'won'
            when pipeline_stages.is_closed then 'lost'
            else 'open'
        end as stage_kind,
        -- What is no chance is not guessed.
        case
            when pipeline_stages.probability >= 0 and pipeline_stages.probability <= 1
                then cast(pipeline_stages.probability as decimal(7, 6))
        end as probability
    from entries
    cross join run_settings
    inner join deals
        on entries.deal_id = deals.deal_id
    inner join pipeline_stages
        on entries.stage_id = pipeline_stages.stage_id
    where
        not deals.is_deleted
        and {{ local_day('entries.entered_at', 'run_settings.reporting_time_zone') }}
        <= run_settings.as_of_date

),

-- Of two stages entered at one time the one further on in the pipeline is the later.
numbered as (

    select
        *,
        row_number() over (
            partition by deal_id
            order by entered_at asc, coalesce(display_order, -1) asc, stage_id asc
        ) as entry_number
    from visible_entries

),

with_stage_before as (

    select
        *,
        lag(stage_id) over (partition by deal_id order by entry_number)
            as stage_id_before
    from numbered

),

-- A stage that is entered again while the deal stands in it is one stay.
stays as (

    select *
    from with_stage_before
    where
        stage_id_before is null
        or stage_id_before <> stage_id

),

final as (

    select
        deal_id,
        stage_id,
        stage,
        display_order,
        stage_kind,
        probability,
        entered_at as valid_from_at,
        coalesce(
            lead(entered_at) over (partition by deal_id order by entry_number),
            {{ end_of_time() }}
        ) as valid_to_at,
        lag(stage) over (partition by deal_id order by entry_number) as previous_stage,
        lag(display_order) over (partition by deal_id order by entry_number)
            as previous_display_order,
        lag(stage_kind) over (partition by deal_id order by entry_number)
            as previous_stage_kind,
        min(entered_at) over (partition by deal_id) as first_entered_at
    from stays

)

select * from final
