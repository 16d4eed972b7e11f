-- Grain: one row per control, month, side, dimension, currency, match key, document and
-- row label: the raw rows that the sides of the ledger's controls add up.
-- A ledger without accounts of its own for something shows it where accountants then
-- put it: contra revenue in revenue, contract assets in deferred revenue; and where no
-- revenue account is of one stream, revenue is compared in total.
with

subledger_rows as (

    select * from {{ ref('int_subledger_control_rows') }}

),

ledger_rows as (

    select * from {{ ref('int_ledger_control_rows') }}

),

integrity_rows as (

    select * from {{ ref('int_ledger_integrity_rows') }}

),

billing_rows as (

    select * from {{ ref('int_billing_integrity_rows') }}

),

cost_rows as (

    select * from {{ ref('int_cost_control_rows') }}

),

cost_integrity_rows as (

    select * from {{ ref('int_cost_integrity_rows') }}

),

crm_rows as (

    select * from {{ ref('int_crm_control_rows') }}

),

ledger_accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

chart as (

    select
        coalesce(
            max(case when account_role = 'contra_revenue' then 1 else 0 end), 0
        ) = 1 as has_contra_revenue,
        coalesce(
            max(case when account_role = 'contract_asset' then 1 else 0 end), 0
        ) = 1 as has_contract_assets
    from ledger_accounts

),

-- Once one revenue account has a stream, revenue on accounts without one is a finding.
streams as (

    select
        coalesce(
            max(case when dimension <> 'all' then 1 else 0 end), 0
        ) = 1 as has_streams
    from ledger_rows
    where control in ('revenue_by_stream', 'revenue_by_stream_in_reporting_currency')

),

placed_rows as (

    select
        case
            when
                chart.has_contra_revenue
                or subledger_rows.control not in (
                    'contra_revenue', 'contra_revenue_in_reporting_currency'
                )
                then subledger_rows.control
            when subledger_rows.control = 'contra_revenue' then 'revenue_by_stream'
            else 'revenue_by_stream_in_reporting_currency'
        end as control_with_contra,
        case
            when
                chart.has_contract_assets
                or subledger_rows.control not in (
                    'contract_assets', 'contract_assets_in_reporting_currency'
                )
                then subledger_rows.control
            when subledger_rows.control = 'contract_assets' then 'deferred_revenue'
            else 'deferred_revenue_in_reporting_currency'
        end as control_with_assets,
        subledger_rows.control as own_control,
        subledger_rows.month as period,
        subledger_rows.dimension,
        subledger_rows.currency_code,
        subledger_rows.match_key,
        subledger_rows.document_id,
        subledger_rows.row_label,
        subledger_rows.amount
    from subledger_rows
    cross join chart

),

expected_rows as (

    select
        case
            when placed_rows.control_with_contra <> placed_rows.own_control
                then placed_rows.control_with_contra
            else placed_rows.control_with_assets
        end as control,
        placed_rows.period,
        case
            when
                placed_rows.control_with_contra in (
                    'contra_revenue', 'contra_revenue_in_reporting_currency'
                )
                then 'all'
            when
                placed_rows.control_with_contra in (
                    'revenue_by_stream', 'revenue_by_stream_in_reporting_currency'
                )
                and not streams.has_streams
                then 'all'
            else placed_rows.dimension
        end as dimension,
        placed_rows.currency_code,
        'expected' as side,
        placed_rows.match_key,
        placed_rows.document_id,
        placed_rows.row_label,
        case
            when
                placed_rows.control_with_contra = placed_rows.own_control
                and placed_rows.control_with_assets = placed_rows.own_control
                then placed_rows.amount
            else -placed_rows.amount
        end as amount
    from placed_rows
    cross join streams

),

actual_rows as (

    select
        control,
        period,
        dimension,
        currency_code,
        'actual' as side,
        match_key,
        document_id,
        row_label,
        amount
    from ledger_rows

),

unioned as (

    select * from expected_rows
    union all
    select * from actual_rows
    union all
    select
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        document_id,
        row_label,
        amount
    from integrity_rows
    union all
    select
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        document_id,
        row_label,
        amount
    from billing_rows
    union all
    select
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        document_id,
        row_label,
        amount
    from cost_rows
    union all
    select
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        document_id,
        row_label,
        amount
    from cost_integrity_rows
    union all
    select
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        document_id,
        row_label,
        amount
    from crm_rows

),

final as (

    select
        control,
        period,
        dimension,
        currency_code,
        side,
        coalesce(match_key, '') as match_key,
        coalesce(document_id, '') as document_id,
        row_label,
        cast(sum(amount) as decimal(24, 4)) as amount
    from unioned
    group by
        control,
        period,
        dimension,
        currency_code,
        side,
        coalesce(match_key, ''),
        coalesce(document_id, ''),
        row_label

)

select * from final
