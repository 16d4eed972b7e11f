-- Grain: one row per expense line that is split and part of it.
-- What an employee costs is split by surveyed time, hosting by environment, and what
-- amortises several kinds of assets by the asset register. The parts sum to the line to
-- the minor unit: what rounding down leaves goes to the largest remainders, of equal
-- ones to the part that comes first in the alphabet; a negative line is the mirror
-- image.
with

expense_lines as (

    select * from {{ ref('int_expense_lines_classified') }}

),

surveys as (

    select * from {{ ref('int_time_surveys_mapped') }}

),

hosting_shares as (

    select * from {{ ref('int_hosting_shares') }}

),

asset_shares as (

    select * from {{ ref('int_asset_shares_by_month') }}

),

surveyed_parts as (

    select
        expense_lines.transaction_id,
        expense_lines.transaction_line_id,
        surveys.function_name as part,
        'time_survey' as split_by,
        'function ' || surveys.function_name as rule,
        surveys.why,
        surveys.bucket,
        surveys.pool,
        cast(surveys.share_quantity as decimal(38, 12)) as share_quantity,
        cast(surveys.share_total as decimal(38, 12)) as share_total,
        expense_lines.amount_minor as line_amount_minor
    from expense_lines
    inner join surveys
        on
            expense_lines.employee_id = surveys.employee_id
            and expense_lines.month = surveys.month
    where
        expense_lines.account_role = 'people'
        and surveys.share_quantity > 0

),

hosting_parts as (

    select
        expense_lines.transaction_id,
        expense_lines.transaction_line_id,
        hosting_shares.environment as part,
        'environment' as split_by,
        expense_lines.rule,
        expense_lines.why,
        case
            when hosting_shares.environment = 'production' then expense_lines.bucket
            else 'research_and_development'
        end as bucket,
        case
            when hosting_shares.environment = 'production' then expense_lines.pool
            else 'research_and_development'
        end as pool,
        cast(hosting_shares.share_quantity as decimal(38, 12)) as share_quantity,
        cast(hosting_shares.share_total as decimal(38, 12)) as share_total,
        expense_lines.amount_minor as line_amount_minor
    from expense_lines
    inner join hosting_shares
        on
            coalesce(expense_lines.document_id, '') = hosting_shares.document_id
            and expense_lines.month = hosting_shares.month
    where
        expense_lines.account_role = 'hosting'
        and expense_lines.bucket = 'hosting'

),

-- What no asset explains is of rooms and what stands in them.
asset_parts as (

    select
        expense_lines.transaction_id,
        expense_lines.transaction_line_id,
        case
            when asset_shares.bucket is null then 'overhead'
            when asset_shares.bucket = asset_shares.pool then asset_shares.bucket
            else asset_shares.bucket || ': ' || asset_shares.pool
        end as part,
        'asset' as split_by,
        expense_lines.rule,
        expense_lines.why,
        coalesce(asset_shares.bucket, 'overhead') as bucket,
        coalesce(asset_shares.pool, 'facilities') as pool,
        cast(coalesce(asset_shares.share_quantity, 1) as decimal(38, 12))
            as share_quantity,
        cast(coalesce(asset_shares.share_total, 1) as decimal(38, 12)) as share_total,
        expense_lines.amount_minor as line_amount_minor
    from expense_lines
    left join asset_shares
        on expense_lines.month = asset_shares.month
    where expense_lines.bucket = 'by_asset'

),

parts as (

    select * from surveyed_parts
    union all
    select * from hosting_parts
    union all
    select * from asset_parts

),

quotas as (

    select
        *,
        {{ exact_integer('abs(line_amount_minor)') }} as line_units,
        -- Shares have six decimals at most.
        {{ exact_integer('share_quantity * 1000000') }} as quantity,
        {{ exact_integer('share_total * 1000000') }} as total_quantity
    from parts

),

floors as (

    select
        *,
        {{ whole_quotient('line_units * quantity', 'total_quantity') }} as floor_units
    from quotas

),

ranked as (

    select
        *,
        line_units - sum(floor_units) over (
            partition by transaction_id, transaction_line_id
        ) as units_left,
        row_number() over (
            partition by transaction_id, transaction_line_id
            order by
                line_units * quantity - floor_units * total_quantity desc,
                part asc
        ) as remainder_rank
    from floors

),

final as (

    select
        transaction_id,
        transaction_line_id,
        part,
        split_by,
        rule,
        why,
        bucket,
        pool,
        share_quantity,
        share_total,
        cast(
            case when line_amount_minor < 0 then -1 else 1 end
            * (
                floor_units + case when remainder_rank <= units_left then 1 else 0 end
            ) as decimal(20, 0)
        ) as amount_minor
    from ranked

)

select * from final
