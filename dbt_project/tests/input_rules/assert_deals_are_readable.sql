-- What cannot be read of a deal is left out of the pipeline: stages that no pipeline
-- has, chances that are none, amounts and close dates of the history that are neither
-- empty nor what they should be.
with

deals as (

    select * from {{ ref('stg_crm__deals') }}
    where not is_deleted

),

deal_stages as (

    select * from {{ ref('stg_crm__deal_stages') }}

),

pipeline_stages as (

    select * from {{ ref('stg_crm__deal_pipeline_stages') }}

),

property_values as (

    select * from {{ ref('int_deal_property_values') }}

),

named_stages as (

    select
        'crm.deal_stage' as raw_table,
        'value' as column_name,
        deal_stages.stage_id,
        deals.deal_id
    from deals
    inner join deal_stages
        on deals.deal_id = deal_stages.deal_id
    union all
    select
        'crm.deal' as raw_table,
        'deal_pipeline_stage_id' as column_name,
        stage_id,
        deal_id
    from deals
    where stage_id is not null

),

findings as (

    select
        named_stages.raw_table,
        min(named_stages.deal_id) as row_id,
        named_stages.column_name,
        named_stages.stage_id as rejected_value,
        'crm.deal_pipeline_stage has no such stage: '
        || cast(count(*) as string)
        || ' rows are left out.' as reason
    from named_stages
    left join pipeline_stages
        on named_stages.stage_id = pipeline_stages.stage_id
    where pipeline_stages.stage_id is null
    group by
        named_stages.raw_table, named_stages.column_name, named_stages.stage_id
    union all
    select
        'crm.deal_pipeline_stage' as raw_table,
        stage_id as row_id,
        'probability' as column_name,
        coalesce(cast(probability as string), 'NULL') as rejected_value,
        'Expected the chance of winning from 0 to 1; its deals are weighted 0.'
            as reason
    from pipeline_stages
    where
        not is_closed
        and coalesce(probability < 0 or probability > 1, true)
    union all
    select
        'crm.deal_property_history' as raw_table,
        property_values.deal_id || ', '
        || cast(property_values.valid_from_at as string) as row_id,
        'value' as column_name,
        property_values.property_value as rejected_value,
        case
            when property_values.property_name = 'amount'
                then
                    'Expected an amount in digits, such as 12000.00 or 12,000.00; the'
                    || ' one before stays.'
            else 'Expected a time (ISO 8601); the close date before stays.'
        end as reason
    from property_values
    inner join deals
        on property_values.deal_id = deals.deal_id
    where not property_values.is_readable
    union all
    select
        'crm.deal' as raw_table,
        deal_id as row_id,
        'property_amount' as column_name,
        cast(amount_in_currency as string) as rejected_value,
        'Expected an amount below 100,000,000,000,000; the deal is taken to have none.'
            as reason
    from deals
    where
        amount_in_currency is not null
        and try_cast(round(amount_in_currency, 4) as decimal(18, 4)) is null

)

select
    raw_table,
    row_id,
    column_name,
    rejected_value,
    reason
from findings
