-- Grain: one row per control that raw rows add up, month, dimension and currency.
-- A month is compared with billing once it is over and the ledger has begun; before, or
-- where no account has the role that the control reads, there is no data. Neither is
-- there before the first month of what is kept beside the ledger: a register, a cloud
-- bill. The ledger in itself is compared in all its months. A difference that open
-- items of the company explain to the cent is an open item, until they expire. What the
-- CRM says of deals stops nothing unless policy crm_controls_only_report says so.
with

control_rows as (

    select * from {{ ref('int_control_rows') }}

),

controls as (

    select * from {{ ref('controls') }}

),

ledger_lines as (

    select * from {{ ref('int_ledger_lines') }}

),

ledger_accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

open_items as (

    select * from {{ ref('int_open_items_dated') }}

),

accounting_periods as (

    select * from {{ ref('int_accounting_periods_grouped_by_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

ledger_start as (

    select min(month) as first_month from ledger_lines

),

roles as (

    select distinct account_role from ledger_accounts

),

sides as (

    select
        control,
        period,
        dimension,
        currency_code,
        sum(case when side = 'expected' then amount else 0 end) as expected_amount,
        sum(case when side = 'actual' then amount else 0 end) as actual_amount
    from control_rows
    group by control, period, dimension, currency_code

),

-- When what a control compares the ledger with begins.
starts as (

    select
        control,
        min(period) as first_expected_period
    from control_rows
    where side = 'expected'
    group by control

),

-- A balance stands in every month from its first row on; a flow where it has rows.
first_periods as (

    select
        control,
        dimension,
        currency_code,
        min(period) as first_period
    from sides
    group by control, dimension, currency_code

),

periods as (

    select
        month as period,
        is_complete_month
    from months
    union
    -- A ledger may be older than billing, and ahead of it.
    select
        sides.period,
        sides.period < {{ month_of('run_settings.as_of_date') }} as is_complete_month
    from sides
    cross join run_settings
    left join months
        on sides.period = months.month
    where months.month is null

),

compared_periods as (

    select
        first_periods.control,
        controls.kind,
        controls.ledger_role,
        controls.kept_in,
        controls.explanation,
        first_periods.dimension,
        first_periods.currency_code,
        periods.period
    from first_periods
    inner join controls
        on first_periods.control = controls.control
    inner join periods
        on first_periods.first_period <= periods.period
    where
        periods.is_complete_month
        or controls.ledger_role is null

),

cumulated as (

    select
        compared_periods.control,
        compared_periods.kind,
        compared_periods.ledger_role,
        compared_periods.kept_in,
        compared_periods.explanation,
        compared_periods.dimension,
        compared_periods.currency_code,
        compared_periods.period,
        sides.control is not null as has_rows,
        coalesce(sides.expected_amount, 0) as expected_flow,
        coalesce(sides.actual_amount, 0) as actual_flow,
        sum(coalesce(sides.expected_amount, 0)) over (
            partition by
                compared_periods.control,
                compared_periods.dimension,
                compared_periods.currency_code
            order by compared_periods.period
            rows between unbounded preceding and current row
        ) as expected_balance,
        sum(coalesce(sides.actual_amount, 0)) over (
            partition by
                compared_periods.control,
                compared_periods.dimension,
                compared_periods.currency_code
            order by compared_periods.period
            rows between unbounded preceding and current row
        ) as actual_balance
    from compared_periods
    left join sides
        on
            compared_periods.control = sides.control
            and compared_periods.dimension = sides.dimension
            and compared_periods.currency_code = sides.currency_code
            and compared_periods.period = sides.period

),

amounts as (

    select
        cumulated.control,
        cumulated.kind,
        cumulated.ledger_role,
        cumulated.kept_in,
        cumulated.explanation,
        cumulated.dimension,
        cumulated.currency_code,
        cumulated.period,
        case
            when cumulated.kind = 'balance' then cumulated.expected_balance
            else cumulated.expected_flow
        end as expected_amount,
        case
            when cumulated.kind = 'balance' then cumulated.actual_balance
            else cumulated.actual_flow
        end as ledger_amount,
        cumulated.ledger_role is null
        or coalesce(cumulated.period >= ledger_start.first_month, false) as has_ledger,
        cumulated.ledger_role is null or roles.account_role is not null as has_role,
        cumulated.kept_in is null
        or coalesce(cumulated.period >= starts.first_expected_period, false)
            as has_other_side
    from cumulated
    cross join ledger_start
    left join starts
        on cumulated.control = starts.control
    left join roles
        on cumulated.ledger_role = roles.account_role
    where
        cumulated.kind = 'balance'
        or cumulated.has_rows

),

explained as (

    select
        amounts.control,
        amounts.period,
        amounts.dimension,
        amounts.currency_code,
        sum(
            case when open_items.is_expired then 0 else open_items.amount end
        ) as open_amount,
        min(case when open_items.is_expired then 1 else 0 end) = 0 as has_open_item,
        {{ ordered_list(
            "open_items.open_item || ' of ' || open_items.owner || case"
            ~ " when open_items.is_expired"
            ~ " then ' expired on ' || cast(open_items.expires_on as string)"
            ~ " else ', until ' || cast(open_items.expires_on as string)"
            ~ " || ': ' || open_items.reason end"
        ) }} as open_item_text
    from amounts
    inner join open_items
        on
            amounts.control = open_items.control
            and coalesce(open_items.dimension, amounts.dimension) = amounts.dimension
            and open_items.currency_code = amounts.currency_code
            and open_items.first_period <= amounts.period
            and coalesce(open_items.last_period, amounts.period) >= amounts.period
    group by
        amounts.control,
        amounts.period,
        amounts.dimension,
        amounts.currency_code

),

decided as (

    select
        amounts.control,
        amounts.period,
        amounts.dimension,
        amounts.currency_code,
        case
            when amounts.has_other_side then amounts.expected_amount
        end as expected_amount,
        case
            when amounts.has_ledger and amounts.has_role then amounts.ledger_amount
        end as actual_amount,
        amounts.explanation,
        amounts.ledger_role,
        amounts.kept_in,
        amounts.has_ledger,
        amounts.has_role,
        amounts.has_other_side,
        amounts.ledger_amount - amounts.expected_amount as difference_amount,
        coalesce(explained.has_open_item, false) as has_open_item,
        coalesce(explained.open_amount, 0) as open_amount,
        explained.open_item_text,
        case
            when amounts.kept_in = 'crm.deal' then not run_settings.is_crm_only_reported
            else
                amounts.ledger_role is null
                or run_settings.ledger_controls_from = 'complete_months'
                or coalesce(accounting_periods.is_closed_period, false)
        end as is_blocking_period
    from amounts
    cross join run_settings
    left join explained
        on
            amounts.control = explained.control
            and amounts.period = explained.period
            and amounts.dimension = explained.dimension
            and amounts.currency_code = explained.currency_code
    left join accounting_periods
        on amounts.period = accounting_periods.month

),

final as (

    select
        control,
        period,
        dimension,
        currency_code,
        cast(expected_amount as decimal(24, 4)) as expected_amount,
        cast(actual_amount as decimal(24, 4)) as actual_amount,
        case
            when actual_amount is not null and expected_amount is not null
                then cast(difference_amount as decimal(24, 4))
        end as difference_amount,
        case
            when actual_amount is null or expected_amount is null then 'no data'
            when difference_amount = 0 then 'ties'
            when has_open_item and difference_amount = open_amount then 'open item'
            else 'fails'
        end as status,
        case
            when not has_ledger
                then explanation || ' The ledger has nothing for this month.'
            when not has_role
                then
                    explanation
                    || ' No account of the ledger has the role '
                    || ledger_role
                    || ': give it to one in the policy account_roles.'
            when not has_other_side
                then explanation || ' Nothing of it is kept in ' || kept_in || ' yet.'
            when difference_amount <> 0 and open_item_text is not null
                then explanation || ' Open items: ' || open_item_text || '.'
            else explanation
        end as explanation,
        is_blocking_period
    from decided

)

select * from final
