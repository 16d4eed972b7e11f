-- Grain: one row per control and posting line: what the ledger says, the actual side of
-- the controls of the subledgers.
-- Which lines a control reads, in which currency and with which sign, and which entries
-- it leaves out, stands in the reference seed controls. Each amount has the sign of its
-- subledger: revenue, deferred revenue and taxes are positive as credits, all else as
-- debits.
with

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_classed') }}

),

controls as (

    select * from {{ ref('controls') }}

),

balance_transactions as (

    select * from {{ ref('stg_billing__balance_transactions') }}

),

documents as (

    select
        document_id,
        min(customer_id) as customer_id
    from {{ ref('int_receivables_by_document') }}
    group by document_id

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

processor_currencies as (

    select distinct currency_code
    from balance_transactions
    where
        is_live
        and not is_deleted

),

valued as (

    select
        lines.transaction_id,
        lines.transaction_line_id,
        lines.month,
        lines.account_role,
        lines.revenue_stream,
        -- An entry that names no customer may name a document of one.
        coalesce(lines.customer_id, documents.customer_id) as customer_id,
        lines.document_id,
        lines.amount,
        lines.amount_in_currency,
        lines.currency_code,
        run_settings.reporting_currency_code,
        -- The processor converts what it holds no balance in.
        case
            when processor_currencies.currency_code is null
                then run_settings.reporting_currency_code
            else lines.currency_code
        end as processor_currency_code,
        case
            when processor_currencies.currency_code is null then lines.amount
            else lines.amount_in_currency
        end as processor_amount,
        entries.is_closing,
        entries.is_transfer,
        -- What is paid on to the authorities, and taxes from before the ledger.
        entries.is_opening
        or (entries.is_remittance and lines.amount > 0) as is_remitted
    from lines
    inner join entries
        on lines.transaction_id = entries.transaction_id
    cross join run_settings
    left join documents
        on lines.document_id = documents.document_id
    left join processor_currencies
        on lines.currency_code = processor_currencies.currency_code

),

measured as (

    select
        controls.control,
        valued.month as period,
        case
            when controls.ledger_role = 'revenue'
                then coalesce(valued.revenue_stream, 'all')
            else 'all'
        end as dimension,
        case controls.measure
            when 'currency' then valued.currency_code
            when 'base' then valued.reporting_currency_code
            else valued.processor_currency_code
        end as currency_code,
        case
            when controls.measure = 'processor' then valued.document_id
            else valued.customer_id
        end as match_key,
        valued.document_id,
        'ledger.transactionline '
        || valued.transaction_id
        || '/'
        || valued.transaction_line_id as row_label,
        controls.sign * case controls.measure
            when 'currency' then valued.amount_in_currency
            when 'base' then valued.amount
            else valued.processor_amount
        end as amount
    from valued
    inner join controls
        on valued.account_role = controls.line_role
    where
        not (
            coalesce(controls.leaves_out, '') = 'closings'
            and valued.is_closing
        )
        and not (
            coalesce(controls.leaves_out, '') = 'remittances'
            and valued.is_remitted
        )
        and not (
            coalesce(controls.leaves_out, '') = 'other than transfers'
            and not valued.is_transfer
        )

),

final as (

    select
        control,
        period,
        dimension,
        currency_code,
        'actual' as side,
        match_key,
        document_id,
        row_label,
        cast(amount as decimal(24, 4)) as amount
    from measured
    where amount <> 0

)

select * from final
