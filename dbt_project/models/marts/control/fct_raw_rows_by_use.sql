-- Grain: one row per source, raw table and use of its rows.
-- What became of every row that was loaded: what it is in the models, or why it is in
-- none.
with

billing_rows as (

    select * from {{ ref('int_billing_rows_by_use') }}

),

ledger_rows as (

    select * from {{ ref('int_ledger_rows_by_use') }}

),

cost_rows as (

    select * from {{ ref('int_cost_rows_by_use') }}

),

growth_rows as (

    select * from {{ ref('int_growth_rows_by_use') }}

),

crm_rows as (

    select * from {{ ref('int_crm_rows_by_use') }}

),

success_rows as (

    select * from {{ ref('int_success_rows_by_use') }}

),

load_report as (

    select * from {{ ref('fct_load_report') }}

),

staged_rows as (

    select
        'billing' as source,
        table_name,
        row_use,
        row_use <> 'nothing says' as is_accounted_for,
        row_count
    from billing_rows
    union all
    select
        'ledger' as source,
        table_name,
        row_use,
        row_use <> 'nothing says' as is_accounted_for,
        row_count
    from ledger_rows
    union all
    select
        source,
        table_name,
        row_use,
        true as is_accounted_for,
        row_count
    from cost_rows
    union all
    select
        source,
        table_name,
        row_use,
        true as is_accounted_for,
        row_count
    from growth_rows
    union all
    select
        source,
        table_name,
        row_use,
        true as is_accounted_for,
        row_count
    from crm_rows
    union all
    select
        source,
        table_name,
        row_use,
        true as is_accounted_for,
        row_count
    from success_rows

),

staged_tables as (

    select distinct
        source,
        table_name
    from staged_rows

),

unread_rows as (

    select
        load_report.source,
        load_report.table_name,
        'no model reads this table' as row_use,
        true as is_accounted_for,
        sum(load_report.rows_accepted) as row_count
    from load_report
    left join staged_tables
        on
            load_report.source = staged_tables.source
            and load_report.table_name = staged_tables.table_name
    where
        staged_tables.table_name is null
        and load_report.source <> 'policy'
    group by load_report.source, load_report.table_name

),

unioned as (

    select * from staged_rows
    union all
    select * from unread_rows

),

final as (

    select
        source,
        table_name,
        row_use,
        is_accounted_for,
        cast(row_count as bigint) as row_count
    from unioned
    where row_count > 0

)

select * from final
