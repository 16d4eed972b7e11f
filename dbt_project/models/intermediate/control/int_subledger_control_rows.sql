-- Grain: one row per control, raw row and month: what the subledger (billing) says the
-- general ledger must show, in major units.
-- The expected side of the controls in the reference seed controls; a row of a
-- balance is its change in the month.
with

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

receivables as (

    select * from {{ ref('int_receivables_by_document') }}

),

processor_movements as (

    select * from {{ ref('int_processor_movements') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

revenue_changes as (

    select
        revenue.*,
        run_settings.reporting_currency_code,
        revenue.deferred_minor - coalesce(
            lag(revenue.deferred_minor) over (
                partition by
                    revenue.invoice_id,
                    revenue.invoice_line_item_id,
                    revenue.obligation
                order by revenue.month
            ),
            0
        ) as deferred_change_minor,
        revenue.deferred_reporting_minor - coalesce(
            lag(revenue.deferred_reporting_minor) over (
                partition by
                    revenue.invoice_id,
                    revenue.invoice_line_item_id,
                    revenue.obligation
                order by revenue.month
            ),
            0
        ) as deferred_change_reporting_minor,
        revenue.contract_asset_minor - coalesce(
            lag(revenue.contract_asset_minor) over (
                partition by
                    revenue.invoice_id,
                    revenue.invoice_line_item_id,
                    revenue.obligation
                order by revenue.month
            ),
            0
        ) as contract_asset_change_minor,
        revenue.contract_asset_reporting_minor - coalesce(
            lag(revenue.contract_asset_reporting_minor) over (
                partition by
                    revenue.invoice_id,
                    revenue.invoice_line_item_id,
                    revenue.obligation
                order by revenue.month
            ),
            0
        ) as contract_asset_change_reporting_minor,
        'billing.invoice_line_item ' || revenue.invoice_line_item_id as row_label
    from revenue
    cross join run_settings

),

unioned as (

    select
        'revenue_by_stream' as control,
        month,
        stream as dimension,
        currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        recognized_minor as minor,
        minor_unit_digits
    from revenue_changes
    union all
    select
        'revenue_by_stream_in_reporting_currency' as control,
        month,
        stream as dimension,
        reporting_currency_code as currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        recognized_reporting_minor as minor,
        reporting_minor_unit_digits as minor_unit_digits
    from revenue_changes
    union all
    select
        'contra_revenue' as control,
        month,
        stream as dimension,
        currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        contra_minor as minor,
        minor_unit_digits
    from revenue_changes
    union all
    select
        'contra_revenue_in_reporting_currency' as control,
        month,
        stream as dimension,
        reporting_currency_code as currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        contra_reporting_minor as minor,
        reporting_minor_unit_digits as minor_unit_digits
    from revenue_changes
    union all
    select
        'bad_debt' as control,
        month,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        bad_debt_minor as minor,
        minor_unit_digits
    from revenue_changes
    union all
    select
        'deferred_revenue' as control,
        month,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        deferred_change_minor as minor,
        minor_unit_digits
    from revenue_changes
    union all
    select
        'deferred_revenue_in_reporting_currency' as control,
        month,
        'all' as dimension,
        reporting_currency_code as currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        deferred_change_reporting_minor as minor,
        reporting_minor_unit_digits as minor_unit_digits
    from revenue_changes
    union all
    select
        'contract_assets' as control,
        month,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        contract_asset_change_minor as minor,
        minor_unit_digits
    from revenue_changes
    union all
    select
        'contract_assets_in_reporting_currency' as control,
        month,
        'all' as dimension,
        reporting_currency_code as currency_code,
        customer_id as match_key,
        invoice_id as document_id,
        row_label,
        contract_asset_change_reporting_minor as minor,
        reporting_minor_unit_digits as minor_unit_digits
    from revenue_changes
    union all
    select
        'receivables' as control,
        month,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        'billing.' || document_type || ' ' || document_id as row_label,
        receivable_minor as minor,
        minor_unit_digits
    from receivables
    union all
    select
        'taxes_passed_through' as control,
        month,
        'all' as dimension,
        currency_code,
        customer_id as match_key,
        document_id,
        'billing.' || document_type || ' ' || document_id as row_label,
        tax_minor as minor,
        minor_unit_digits
    from receivables
    union all
    select
        'processor_clearing' as control,
        month,
        'all' as dimension,
        currency_code,
        source_id as match_key,
        source_id as document_id,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        net_minor as minor,
        minor_unit_digits
    from processor_movements
    union all
    select
        'processor_fees' as control,
        month,
        'all' as dimension,
        currency_code,
        source_id as match_key,
        source_id as document_id,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        fee_minor as minor,
        minor_unit_digits
    from processor_movements
    union all
    select
        'payouts_to_cash' as control,
        month,
        'all' as dimension,
        currency_code,
        source_id as match_key,
        source_id as document_id,
        'billing.balance_transaction ' || balance_transaction_id as row_label,
        -net_minor as minor,
        minor_unit_digits
    from processor_movements
    where is_payout

),

final as (

    select
        control,
        month,
        dimension,
        currency_code,
        match_key,
        document_id,
        row_label,
        {{ minor_to_amount('sum(minor)', 'max(minor_unit_digits)') }} as amount
    from unioned
    group by
        control,
        month,
        dimension,
        currency_code,
        match_key,
        document_id,
        row_label
    having sum(minor) <> 0

)

select * from final
