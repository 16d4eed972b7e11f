-- Grain: one row per control, period, dimension and currency.
-- Each control compares two ways of arriving at one number that share as little as they
-- can; amounts must be equal, not close. A period is the first day of a month; controls
-- on the load stand at the month of the as-of. Those of the ledger are made in
-- int_controls_by_period.
with

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

account_months as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

currency_months as (

    select * from {{ ref('fct_mrr_by_account_currency_month') }}

),

events as (

    select * from {{ ref('fct_mrr_events') }}

),

segment_bridge as (

    select * from {{ ref('fct_mrr_bridge_by_segment_month') }}

),

cohort_months as (

    select * from {{ ref('fct_retention_by_cohort_month') }}

),

interval_mrr as (

    select * from {{ ref('int_interval_mrr_by_currency_month') }}

),

load_report as (

    select * from {{ ref('fct_load_report') }}

),

raw_rows as (

    select * from {{ ref('fct_raw_rows_by_use') }}

),

deferred_revenue as (

    select * from {{ ref('fct_deferred_revenue_by_month') }}

),

line_counts as (

    select * from {{ ref('int_invoice_line_counts') }}

),

ledger_controls as (

    select * from {{ ref('int_controls_by_period') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

roll_forward as (

    select
        'mrr_roll_forward' as control,
        bridge.month as period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        bridge.opening_mrr_amount
        + bridge.new_amount
        + bridge.reactivation_amount
        + bridge.expansion_amount
        - bridge.contraction_amount
        - bridge.churn_amount
        + bridge.fx_amount as expected_amount,
        bridge.closing_mrr_amount as actual_amount,
        'Opening MRR and the movements of the month give closing MRR.' as explanation
    from bridge
    cross join run_settings

),

openings as (

    select
        'mrr_opening_is_previous_closing' as control,
        bridge.month as period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        coalesce(
            lag(bridge.closing_mrr_amount) over (order by bridge.month), 0
        ) as expected_amount,
        bridge.opening_mrr_amount as actual_amount,
        'A month opens with the MRR that the month before closed with.' as explanation
    from bridge
    cross join run_settings

),

discounts_deducted as (

    select
        'mrr_is_gross_less_discounts' as control,
        bridge.month as period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        bridge.gross_mrr_amount - bridge.discount_mrr_amount as expected_amount,
        bridge.closing_mrr_amount as actual_amount,
        'Gross MRR less what recurring discounts take off is the closing MRR of the'
        || ' bridge.' as explanation
    from bridge
    cross join run_settings

),

currency_sums as (

    select
        month,
        currency_code,
        sum(opening_mrr_amount_in_currency) as opening_in_currency,
        sum(closing_mrr_amount_in_currency) as closing_in_currency
    from currency_months
    group by month, currency_code

),

event_sums as (

    select
        {{ month_of('event_date') }} as month,
        currency_code,
        sum(change_amount_in_currency) as change_in_currency
    from events
    group by {{ month_of('event_date') }}, currency_code

),

intervals_match as (

    select
        'mrr_of_intervals' as control,
        coalesce(interval_mrr.month, currency_sums.month) as period,
        'all' as dimension,
        coalesce(interval_mrr.currency_code, currency_sums.currency_code)
            as currency_code,
        coalesce(interval_mrr.mrr_amount_in_currency, 0) as expected_amount,
        coalesce(currency_sums.closing_in_currency, 0) as actual_amount,
        'The service intervals in force at the end of the month carry its closing MRR.'
            as explanation
    from interval_mrr
    full outer join currency_sums
        on
            interval_mrr.month = currency_sums.month
            and interval_mrr.currency_code = currency_sums.currency_code

),

events_match as (

    select
        'mrr_events_sum_to_net_change' as control,
        coalesce(currency_sums.month, event_sums.month) as period,
        'all' as dimension,
        coalesce(currency_sums.currency_code, event_sums.currency_code)
            as currency_code,
        coalesce(
            currency_sums.closing_in_currency - currency_sums.opening_in_currency, 0
        ) as expected_amount,
        coalesce(event_sums.change_in_currency, 0) as actual_amount,
        'The dated changes of a month sum to its net change, in each currency.'
            as explanation
    from currency_sums
    full outer join event_sums
        on
            currency_sums.month = event_sums.month
            and currency_sums.currency_code = event_sums.currency_code

),

account_sums as (

    select
        month,
        sum(closing_mrr_amount) as closing_mrr_amount
    from account_months
    group by month

),

converted_sums as (

    select
        month,
        sum(closing_mrr_amount) as closing_mrr_amount
    from currency_months
    group by month

),

currencies_match as (

    select
        'mrr_currencies_sum_to_accounts' as control,
        account_sums.month as period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        -- Accounts with usage alone have no row in a currency.
        coalesce(converted_sums.closing_mrr_amount, 0) as expected_amount,
        account_sums.closing_mrr_amount as actual_amount,
        'The converted MRR of all currencies is the MRR of all accounts.' as explanation
    from account_sums
    cross join run_settings
    left join converted_sums
        on account_sums.month = converted_sums.month

),

segment_sums as (

    select
        segment_type,
        month,
        sum(closing_mrr_amount) as closing_mrr_amount,
        sum(transfer_in_amount) as transfer_in_amount,
        sum(transfer_out_amount) as transfer_out_amount,
        sum(
            new_amount
            + reactivation_amount
            + expansion_amount
            - contraction_amount
            - churn_amount
        ) as organic_amount
    from segment_bridge
    group by segment_type, month

),

segment_types as (

    select distinct segment_type from segment_bridge

),

-- Every month of every type, so that one that lacks a month fails.
segments_of_all_months as (

    select
        bridge.month,
        segment_types.segment_type,
        bridge.closing_mrr_amount,
        bridge.new_amount
        + bridge.reactivation_amount
        + bridge.expansion_amount
        - bridge.contraction_amount
        - bridge.churn_amount as organic_amount,
        coalesce(segment_sums.closing_mrr_amount, 0) as segments_closing_mrr_amount,
        coalesce(segment_sums.organic_amount, 0) as segments_organic_amount,
        coalesce(segment_sums.transfer_in_amount, 0) as transfer_in_amount,
        coalesce(segment_sums.transfer_out_amount, 0) as transfer_out_amount
    from bridge
    cross join segment_types
    left join segment_sums
        on
            bridge.month = segment_sums.month
            and segment_types.segment_type = segment_sums.segment_type

),

segments_match as (

    select
        'mrr_segments_sum_to_total' as control,
        segments_of_all_months.month as period,
        segments_of_all_months.segment_type as dimension,
        run_settings.reporting_currency_code as currency_code,
        segments_of_all_months.closing_mrr_amount as expected_amount,
        segments_of_all_months.segments_closing_mrr_amount as actual_amount,
        'The segments of every type carry the closing MRR of the company.'
            as explanation
    from segments_of_all_months
    cross join run_settings

),

segment_movements_match as (

    select
        'mrr_segment_movements_sum_to_total' as control,
        segments_of_all_months.month as period,
        segments_of_all_months.segment_type as dimension,
        run_settings.reporting_currency_code as currency_code,
        segments_of_all_months.organic_amount as expected_amount,
        segments_of_all_months.segments_organic_amount as actual_amount,
        'The organic change of the segments is that of the company.' as explanation
    from segments_of_all_months
    cross join run_settings

),

transfers_match as (

    select
        'mrr_transfers_balance' as control,
        segments_of_all_months.month as period,
        segments_of_all_months.segment_type as dimension,
        run_settings.reporting_currency_code as currency_code,
        segments_of_all_months.transfer_out_amount as expected_amount,
        segments_of_all_months.transfer_in_amount as actual_amount,
        'What leaves one segment arrives in another.' as explanation
    from segments_of_all_months
    cross join run_settings

),

cohort_sums as (

    select
        {{ add_months('cohort_month', 'months_since') }} as month,
        sum(retained_mrr_amount) as retained_mrr_amount
    from cohort_months
    group by {{ add_months('cohort_month', 'months_since') }}

),

cohorts_match as (

    select
        'mrr_cohorts_sum_to_total' as control,
        bridge.month as period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        bridge.closing_mrr_amount as expected_amount,
        coalesce(cohort_sums.retained_mrr_amount, 0) as actual_amount,
        'What all cohorts pay in a month is the closing MRR of the company.'
            as explanation
    from bridge
    cross join run_settings
    left join cohort_sums
        on bridge.month = cohort_sums.month

),

rows_accounted_for as (

    select
        'raw_rows_accounted_for' as control,
        {{ month_of('run_settings.as_of_date') }} as period,
        load_report.source || '.' || load_report.table_name as dimension,
        run_settings.reporting_currency_code as currency_code,
        sum(load_report.rows_read) as expected_amount,
        sum(
            load_report.rows_accepted
            + load_report.rows_quarantined
            + load_report.rows_superseded
        ) as actual_amount,
        'Every row read (a count) was accepted, quarantined or replaced by a newer one.'
            as explanation
    from load_report
    cross join run_settings
    group by
        {{ month_of('run_settings.as_of_date') }},
        load_report.source || '.' || load_report.table_name,
        run_settings.reporting_currency_code

),

lines_accounted_for as (

    select
        'invoice_lines_accounted_for' as control,
        {{ month_of('run_settings.as_of_date') }} as period,
        'all' as dimension,
        run_settings.reporting_currency_code as currency_code,
        line_counts.raw_line_count as expected_amount,
        line_counts.counting_line_count
        + line_counts.excluded_line_count as actual_amount,
        'Every invoice line (a count) is recurring service or has a reason why not.'
            as explanation
    from line_counts
    cross join run_settings

),

raw_row_counts as (

    select
        source,
        table_name,
        sum(case when is_accounted_for then row_count else 0 end) as row_count
    from raw_rows
    group by source, table_name

),

accepted_rows as (

    select
        source,
        table_name,
        sum(rows_accepted) as row_count
    from load_report
    where source <> 'policy'
    group by source, table_name

),

rows_used as (

    select
        'raw_rows_used_or_excluded' as control,
        {{ month_of('run_settings.as_of_date') }} as period,
        coalesce(accepted_rows.source, raw_row_counts.source)
        || '.'
        || coalesce(accepted_rows.table_name, raw_row_counts.table_name) as dimension,
        run_settings.reporting_currency_code as currency_code,
        coalesce(accepted_rows.row_count, 0) as expected_amount,
        coalesce(raw_row_counts.row_count, 0) as actual_amount,
        'Every row loaded (a count) is used, or fct_raw_rows_by_use says why not.'
            as explanation
    from accepted_rows
    full outer join raw_row_counts
        on
            accepted_rows.source = raw_row_counts.source
            and accepted_rows.table_name = raw_row_counts.table_name
    cross join run_settings

),

deferred_rolls_forward as (

    select
        'deferred_revenue_roll_forward' as control,
        month as period,
        'all' as dimension,
        currency_code,
        opening + billed - recognized - credited - written_off as expected_amount,
        deferred_revenue - contract_asset as actual_amount,
        'Opening deferred revenue, what is billed and what leaves it give what is open'
        || ' of all performance obligations.' as explanation
    from deferred_revenue

),

deferred_rolls_forward_in_reporting_currency as (

    select
        'deferred_revenue_roll_forward_in_reporting_currency' as control,
        deferred_revenue.month as period,
        deferred_revenue.currency_code as dimension,
        run_settings.reporting_currency_code as currency_code,
        deferred_revenue.opening_reporting_amount
        + deferred_revenue.billed_reporting_amount
        - deferred_revenue.recognized_reporting_amount
        - deferred_revenue.credited_reporting_amount
        - deferred_revenue.written_off_reporting_amount as expected_amount,
        deferred_revenue.deferred_revenue_reporting_amount
        - deferred_revenue.contract_asset_reporting_amount as actual_amount,
        'Opening deferred revenue, what is billed and what leaves it give what is open'
        || ' of all performance obligations, at the own rates of the invoices.'
            as explanation
    from deferred_revenue
    cross join run_settings

),

comparisons as (

    select * from roll_forward
    union all
    select * from openings
    union all
    select * from discounts_deducted
    union all
    select * from intervals_match
    union all
    select * from events_match
    union all
    select * from currencies_match
    union all
    select * from segments_match
    union all
    select * from segment_movements_match
    union all
    select * from transfers_match
    union all
    select * from cohorts_match
    union all
    select * from rows_accounted_for
    union all
    select * from lines_accounted_for
    union all
    select * from rows_used
    union all
    select * from deferred_rolls_forward
    union all
    select * from deferred_rolls_forward_in_reporting_currency

),

decided as (

    select
        control,
        period,
        dimension,
        currency_code,
        cast(expected_amount as decimal(24, 4)) as expected_amount,
        cast(actual_amount as decimal(24, 4)) as actual_amount,
        cast(actual_amount - expected_amount as decimal(24, 4)) as difference_amount,
        case
            when actual_amount - expected_amount = 0 then 'ties'
            else 'fails'
        end as status,
        explanation,
        true as is_blocking_period
    from comparisons
    union all
    select
        control,
        period,
        dimension,
        currency_code,
        expected_amount,
        actual_amount,
        difference_amount,
        status,
        explanation,
        is_blocking_period
    from ledger_controls

),

final as (

    select
        decided.control,
        decided.period,
        decided.dimension,
        decided.currency_code,
        decided.expected_amount,
        decided.actual_amount,
        decided.difference_amount,
        decided.status,
        decided.is_blocking_period
        and ' ' || run_settings.controls_that_only_report || ' '
        not like '% ' || decided.control || ' %' as is_blocking,
        decided.explanation
    from decided
    cross join run_settings

)

select * from final
