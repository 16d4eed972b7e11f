-- Grain: one row per control that does not tie, month in which its difference arose,
-- dimension, currency and match key (a customer or a document): what each side has, and
-- the raw rows that do not meet.
-- A balance carries a difference on: it is shown in the month in which it arose.
with

controls as (

    select * from {{ ref('int_controls_by_period') }}

),

control_kinds as (

    select * from {{ ref('controls') }}

),

control_rows as (

    select * from {{ ref('int_control_rows') }}

),

differing as (

    select
        controls.control,
        control_kinds.kind,
        controls.dimension,
        controls.currency_code,
        controls.period
    from controls
    inner join control_kinds
        on controls.control = control_kinds.control
    where controls.status in ('fails', 'open item')

),

-- The months whose rows make the difference: of a flow the month itself, of a balance
-- all up to the last month that differs.
periods_to_explain as (

    select distinct
        control,
        dimension,
        currency_code,
        period as from_period,
        period as to_period,
        false as is_balance
    from differing
    where kind = 'flow'
    union all
    select
        control,
        dimension,
        currency_code,
        cast({{ start_of_time() }} as date) as from_period,
        max(period) as to_period,
        true as is_balance
    from differing
    where kind = 'balance'
    group by control, dimension, currency_code

),

signed_rows as (

    select
        control_rows.control,
        control_rows.period,
        control_rows.dimension,
        control_rows.currency_code,
        control_rows.match_key,
        control_rows.document_id,
        control_rows.row_label,
        control_rows.side,
        control_rows.amount,
        periods_to_explain.is_balance,
        case
            when control_rows.side = 'actual' then control_rows.amount
            else -control_rows.amount
        end as signed_amount
    from control_rows
    inner join periods_to_explain
        on
            control_rows.control = periods_to_explain.control
            and control_rows.dimension = periods_to_explain.dimension
            and control_rows.currency_code = periods_to_explain.currency_code
            and control_rows.period >= periods_to_explain.from_period
            and control_rows.period <= periods_to_explain.to_period
    -- What is counted as missing has a row of nothing on the other side.
    where control_rows.amount <> 0

),

rows_to_explain as (

    select
        *,
        sum(signed_amount) over (
            partition by control, period, dimension, currency_code, match_key
        ) as key_difference,
        sum(signed_amount) over (
            partition by control, period, dimension, currency_code
        ) as period_difference,
        sum(signed_amount) over (
            partition by
                control, period, dimension, currency_code, match_key, document_id
        ) as document_difference
    from signed_rows

),

ranked_rows as (

    select
        control,
        period,
        dimension,
        currency_code,
        match_key,
        side,
        amount,
        document_difference,
        is_balance,
        signed_amount,
        row_label || ' (' || side || ' ' || cast(amount as string) || ')' as row_text,
        row_number() over (
            partition by control, period, dimension, currency_code, match_key
            order by
                case when document_difference = 0 then 1 else 0 end asc,
                abs(document_difference) desc,
                abs(amount) desc,
                row_label asc,
                side asc
        ) as row_rank
    from rows_to_explain
    where
        key_difference <> 0
        -- What two customers have of each other is no difference of the month.
        and period_difference <> 0

),

final as (

    select
        control,
        period,
        dimension,
        currency_code,
        match_key,
        is_balance,
        cast(
            sum(case when side = 'expected' then amount else 0 end) as decimal(24, 4)
        ) as expected_amount,
        cast(
            sum(case when side = 'actual' then amount else 0 end) as decimal(24, 4)
        ) as actual_amount,
        cast(sum(signed_amount) as decimal(24, 4)) as difference_amount,
        cast(
            sum(case when document_difference <> 0 then 1 else 0 end) as bigint
        ) as raw_row_count,
        {{ first_texts(
            'case when document_difference <> 0 then row_text end', 'row_rank', 8
        ) }} as raw_rows
    from ranked_rows
    group by control, period, dimension, currency_code, match_key, is_balance

)

select * from final
