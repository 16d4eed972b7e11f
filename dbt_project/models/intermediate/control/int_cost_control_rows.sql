-- Grain: one row per control of costs against what is kept beside the ledger, period,
-- dimension, currency, side, match key, document and row label.
-- Departments of people against where they work, fixed assets and their amortization
-- against the register, bills of cloud providers against the cloud bill. The ledger is
-- the actual side. Where nothing is kept beside it, it stands alone.
with

ledger_lines as (

    select * from {{ ref('int_ledger_lines') }}

),

ledger_accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

entries as (

    select * from {{ ref('int_ledger_entries_classed') }}

),

cost_lines as (

    select * from {{ ref('int_cost_lines') }}

),

employees as (

    select * from {{ ref('int_employees_described') }}

),

assignments as (

    select * from {{ ref('int_employee_assignments_dated') }}

),

assets as (

    select * from {{ ref('stg_ledger__capitalized_assets') }}

),

asset_months as (

    select * from {{ ref('int_asset_amortization_by_month') }}

),

cloud_costs as (

    select * from {{ ref('stg_ledger__cloud_costs') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

digits as (

    select
        run_settings.reporting_currency_code as currency_code,
        currencies.minor_unit_digits,
        run_settings.reporting_time_zone,
        {{ month_of('run_settings.as_of_date') }} as last_month
    from run_settings
    inner join currencies
        on run_settings.reporting_currency_code = currencies.currency_code

),

-- ---- people: what is posted for an employee, and where the employee works

employee_counts as (

    select count(*) as employee_count from employees

),

people_lines as (

    select
        cost_lines.transaction_id,
        cost_lines.transaction_line_id,
        cost_lines.month,
        max(cost_lines.employee_id) as employee_id,
        coalesce(max(cost_lines.department), 'none') as department,
        {{ minor_to_amount(
            'sum(cost_lines.amount_minor)', 'max(cost_lines.minor_unit_digits)'
        ) }} as amount
    from cost_lines
    where cost_lines.account_role = 'people'
    group by
        cost_lines.transaction_id, cost_lines.transaction_line_id, cost_lines.month

),

-- The departments of an employee's month; before and after all assignments that of the
-- employee. Where it is not known there is nothing to compare.
assigned as (

    select
        people_lines.transaction_id,
        people_lines.transaction_line_id,
        assignments.department,
        assignments.valid_from
    from people_lines
    inner join assignments
        on
            people_lines.employee_id = assignments.employee_id
            and assignments.valid_from < {{ add_months('people_lines.month', 1) }}
            and (
                assignments.valid_to is null
                or people_lines.month < assignments.valid_to
            )

),

assigned_lines as (

    select distinct
        transaction_id,
        transaction_line_id
    from assigned

),

workplaces as (

    select * from assigned
    union all
    select
        people_lines.transaction_id,
        people_lines.transaction_line_id,
        employees.department,
        employees.start_date as valid_from
    from people_lines
    inner join employees
        on people_lines.employee_id = employees.employee_id
    left join assigned_lines
        on
            people_lines.transaction_id = assigned_lines.transaction_id
            and people_lines.transaction_line_id = assigned_lines.transaction_line_id
    where assigned_lines.transaction_id is null

),

-- The department itself or one above it first, else the last one.
numbered_workplaces as (

    select
        people_lines.transaction_id,
        people_lines.transaction_line_id,
        people_lines.month,
        people_lines.amount,
        people_lines.department,
        workplaces.department = people_lines.department
        or workplaces.department
        like people_lines.department || ' : %' as is_workplace,
        workplaces.department as workplace,
        row_number() over (
            partition by people_lines.transaction_id, people_lines.transaction_line_id
            order by
                case
                    when
                        workplaces.department = people_lines.department
                        or workplaces.department
                        like people_lines.department || ' : %'
                        then 0
                    else 1
                end asc,
                coalesce(
                    workplaces.valid_from, cast({{ start_of_time() }} as date)
                ) desc,
                workplaces.department asc
        ) as workplace_number
    from people_lines
    inner join workplaces
        on
            people_lines.transaction_id = workplaces.transaction_id
            and people_lines.transaction_line_id = workplaces.transaction_line_id
    where workplaces.department is not null

),

placed_lines as (

    select
        transaction_id,
        transaction_line_id,
        month,
        amount,
        department,
        case
            when is_workplace then department
            else workplace
        end as employee_department
    from numbered_workplaces
    where workplace_number = 1

),

people_rows as (

    select
        'payroll_by_department' as control,
        month as period,
        employee_department as dimension,
        'expected' as side,
        case
            when department = employee_department then ''
            else transaction_id || '/' || transaction_line_id
        end as match_key,
        case
            when department = employee_department
                then 'people in the department where they work'
            else
                'the employee of ledger.transactionline '
                || transaction_id
                || '/'
                || transaction_line_id
        end as row_label,
        amount
    from placed_lines
    union all
    select
        'payroll_by_department' as control,
        month as period,
        department as dimension,
        'actual' as side,
        case
            when department = employee_department then ''
            else transaction_id || '/' || transaction_line_id
        end as match_key,
        case
            when department = employee_department
                then 'ledger lines of people in the department where they work'
            else
                'ledger.transactionline '
                || transaction_id
                || '/'
                || transaction_line_id
        end as row_label,
        amount
    from placed_lines
    union all
    select
        'payroll_by_department' as control,
        people_lines.month as period,
        people_lines.department as dimension,
        'actual' as side,
        '' as match_key,
        'ledger lines of people' as row_label,
        people_lines.amount
    from people_lines
    cross join employee_counts
    where employee_counts.employee_count = 0

),

-- ---- assets: the register, and the ledger's accounts for it

chart as (

    select
        coalesce(
            max(
                case when account_role = 'accumulated_amortization' then 1 else 0 end
            ),
            0
        ) = 1 as has_accumulated_amortization
    from ledger_accounts

),

asset_lines as (

    select
        case ledger_lines.account_role
            when 'fixed_assets' then 'fixed_assets'
            else 'accumulated_amortization'
        end as control,
        ledger_lines.month as period,
        coalesce(named_assets.asset_id, document_assets.asset_id) as asset_id,
        'ledger.transactionline '
        || ledger_lines.transaction_id
        || '/'
        || ledger_lines.transaction_line_id as row_label,
        case ledger_lines.account_role
            when 'fixed_assets' then ledger_lines.amount
            else -ledger_lines.amount
        end as amount
    from ledger_lines
    -- A line may name its asset, and an entry may be the asset's document.
    left join assets as named_assets
        on ledger_lines.memo = named_assets.asset_id
    left join assets as document_assets
        on ledger_lines.document_id = document_assets.asset_id
    where
        ledger_lines.account_role in ('fixed_assets', 'accumulated_amortization')

),

asset_changes as (

    select
        asset_months.asset_id,
        asset_months.month,
        asset_months.bucket,
        asset_months.amortization_minor,
        asset_months.cost_minor - coalesce(
            lag(asset_months.cost_minor) over (
                partition by asset_months.asset_id
                order by asset_months.month
            ),
            0
        ) as cost_change_minor,
        asset_months.accumulated_minor - coalesce(
            lag(asset_months.accumulated_minor) over (
                partition by asset_months.asset_id
                order by asset_months.month
            ),
            0
        ) as accumulated_change_minor
    from asset_months

),

register_rows as (

    select
        'fixed_assets' as control,
        month as period,
        asset_id,
        'ledger.capitalized_asset ' || asset_id as row_label,
        true as is_named,
        cost_change_minor as minor
    from asset_changes
    union all
    -- A ledger without accounts for it writes assets off themselves.
    select
        case
            when chart.has_accumulated_amortization then 'accumulated_amortization'
            else 'fixed_assets'
        end as control,
        asset_changes.month as period,
        asset_changes.asset_id,
        'the amortization of ledger.capitalized_asset '
        || asset_changes.asset_id as row_label,
        false as is_named,
        case
            when chart.has_accumulated_amortization
                then asset_changes.amortization_minor
            else -asset_changes.amortization_minor
        end as minor
    from asset_changes
    cross join chart
    union all
    select
        case
            when chart.has_accumulated_amortization then 'accumulated_amortization'
            else 'fixed_assets'
        end as control,
        asset_changes.month as period,
        asset_changes.asset_id,
        'the disposal of ledger.capitalized_asset '
        || asset_changes.asset_id as row_label,
        true as is_named,
        case
            when chart.has_accumulated_amortization then 1
            else -1
        end * (
            asset_changes.accumulated_change_minor - asset_changes.amortization_minor
        ) as minor
    from asset_changes
    cross join chart

),

named_assets_of_months as (

    select distinct
        control,
        period,
        asset_id
    from asset_lines
    where asset_id is not null

),

asset_rows as (

    select
        register_rows.control,
        register_rows.period,
        'all' as dimension,
        'expected' as side,
        -- Matched by the asset where the ledger names it, else by the month.
        case
            when
                register_rows.is_named and named_assets_of_months.asset_id is not null
                then register_rows.asset_id
            else ''
        end as match_key,
        register_rows.row_label,
        {{ minor_to_amount('register_rows.minor', 'digits.minor_unit_digits') }}
            as amount
    from register_rows
    cross join digits
    left join named_assets_of_months
        on
            register_rows.control = named_assets_of_months.control
            and register_rows.period = named_assets_of_months.period
            and register_rows.asset_id = named_assets_of_months.asset_id
    where register_rows.minor <> 0
    union all
    select
        control,
        period,
        'all' as dimension,
        'actual' as side,
        coalesce(asset_id, '') as match_key,
        row_label,
        amount
    from asset_lines

),

amortization_rows as (

    select
        'amortization_by_bucket' as control,
        asset_changes.month as period,
        coalesce(asset_changes.bucket, 'none') as dimension,
        'expected' as side,
        '' as match_key,
        'ledger.capitalized_asset ' || asset_changes.asset_id as row_label,
        {{ minor_to_amount(
            'asset_changes.amortization_minor', 'digits.minor_unit_digits'
        ) }} as amount
    from asset_changes
    cross join digits
    where asset_changes.amortization_minor <> 0
    union all
    select
        'amortization_by_bucket' as control,
        month as period,
        bucket as dimension,
        'actual' as side,
        '' as match_key,
        'ledger.transactionline '
        || transaction_id
        || '/'
        || transaction_line_id as row_label,
        {{ minor_to_amount('amount_minor', 'minor_unit_digits') }} as amount
    from cost_lines
    where account_role = 'amortization'

),

-- ---- cloud: what an invoice billed, and the bill in the ledger

cloud_invoices as (

    select
        cloud_costs.invoice_id,
        coalesce(cloud_costs.currency_code, digits.currency_code) as currency_code,
        min({{ month_of(
            local_timestamp(
                'coalesce(cloud_costs.billing_period_start_at,'
                ~ ' cloud_costs.charge_period_start_at)',
                'digits.reporting_time_zone'
            )
        ) }}) as month,
        cast(sum(cloud_costs.billed_cost) as decimal(34, 14)) as billed_cost,
        count(*) as charge_count
    from cloud_costs
    cross join digits
    where cloud_costs.invoice_id <> ''
    group by
        cloud_costs.invoice_id,
        coalesce(cloud_costs.currency_code, digits.currency_code)

),

cloud_documents as (

    select distinct invoice_id from cloud_invoices

),

billed_entries as (

    select
        ledger_lines.document_id,
        min(ledger_lines.month) as month
    from ledger_lines
    inner join cloud_documents
        on ledger_lines.document_id = cloud_documents.invoice_id
    group by ledger_lines.document_id

),

-- Whoever sent a bill that the cloud bill knows: their other bills for hosting are of
-- it, too, from its first month on.
cloud_vendors as (

    select distinct ledger_lines.entity_id
    from ledger_lines
    inner join cloud_documents
        on ledger_lines.document_id = cloud_documents.invoice_id
    where ledger_lines.entity_id is not null

),

cloud_starts as (

    select min(month) as first_month from cloud_invoices

),

hosting_entries as (

    select distinct transaction_id
    from ledger_lines
    where account_role = 'hosting'

),

bill_lines as (

    select
        ledger_lines.transaction_id,
        ledger_lines.transaction_line_id,
        ledger_lines.month,
        ledger_lines.document_id,
        ledger_lines.currency_code,
        ledger_lines.amount_in_currency,
        ledger_accounts.account_type,
        ledger_lines.account_role,
        cloud_documents.invoice_id is not null as is_of_cloud_bill,
        cloud_vendors.entity_id is not null
        and hosting_entries.transaction_id is not null
        and ledger_lines.month >= cloud_starts.first_month as is_of_cloud_vendor,
        cloud_starts.first_month is null as is_without_cloud_bill
    from ledger_lines
    inner join entries
        on ledger_lines.transaction_id = entries.transaction_id
    cross join cloud_starts
    left join ledger_accounts
        on ledger_lines.account_id = ledger_accounts.account_id
    left join cloud_documents
        on ledger_lines.document_id = cloud_documents.invoice_id
    left join cloud_vendors
        on ledger_lines.entity_id = cloud_vendors.entity_id
    left join hosting_entries
        on ledger_lines.transaction_id = hosting_entries.transaction_id
    where not entries.is_closing

),

cloud_rows as (

    select
        cloud_invoices.currency_code,
        coalesce(billed_entries.month, cloud_invoices.month) as period,
        'expected' as side,
        cloud_invoices.invoice_id as match_key,
        'ledger.cloud_cost of the invoice '
        || cloud_invoices.invoice_id
        || ', '
        || cast(cloud_invoices.charge_count as string)
        || ' charges' as row_label,
        -- A bill is rounded once, to the smallest unit of its currency.
        {{ minor_to_amount(
            'round(cloud_invoices.billed_cost * '
            ~ minor_units('currencies.minor_unit_digits') ~ ')',
            'currencies.minor_unit_digits'
        ) }} as amount
    from cloud_invoices
    cross join digits
    left join billed_entries
        on cloud_invoices.invoice_id = billed_entries.document_id
    inner join currencies
        on cloud_invoices.currency_code = currencies.currency_code
    where coalesce(billed_entries.month, cloud_invoices.month) <= digits.last_month
    union all
    select
        currency_code,
        month as period,
        'actual' as side,
        coalesce(document_id, transaction_id) as match_key,
        'ledger.transactionline '
        || transaction_id
        || '/'
        || transaction_line_id as row_label,
        -amount_in_currency as amount
    from bill_lines
    where
        (is_of_cloud_bill or is_of_cloud_vendor)
        and lower(trim(account_type)) in (
            'acctpay', 'accounts payable', 'bank', 'credcard', 'credit card'
        )
    union all
    select
        currency_code,
        month as period,
        'actual' as side,
        coalesce(document_id, transaction_id) as match_key,
        'ledger.transactionline '
        || transaction_id
        || '/'
        || transaction_line_id as row_label,
        amount_in_currency as amount
    from bill_lines
    where
        is_without_cloud_bill
        and account_role = 'hosting'

),

in_reporting_currency as (

    select * from people_rows
    union all
    select * from asset_rows
    union all
    select * from amortization_rows

),

unioned as (

    select
        in_reporting_currency.control,
        in_reporting_currency.period,
        in_reporting_currency.dimension,
        digits.currency_code,
        in_reporting_currency.side,
        in_reporting_currency.match_key,
        in_reporting_currency.row_label,
        in_reporting_currency.amount
    from in_reporting_currency
    cross join digits
    union all
    select
        'cloud_bill' as control,
        period,
        'all' as dimension,
        currency_code,
        side,
        match_key,
        row_label,
        amount
    from cloud_rows

),

final as (

    select
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        -- Rows of both sides meet as a whole.
        match_key as document_id,
        row_label,
        cast(sum(amount) as decimal(24, 4)) as amount
    from unioned
    group by
        control,
        period,
        dimension,
        currency_code,
        side,
        match_key,
        row_label

)

select * from final
