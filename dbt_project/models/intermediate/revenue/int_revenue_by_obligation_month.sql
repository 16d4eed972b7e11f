-- Grain: one row per performance obligation (line and obligation) and month in which
-- something of it is billed, earned, reduced or open: what happened in the month, and
-- the balance at its close.
-- balance = billed - recognized - credited - written off, all to date. Once billed it
-- is deferred revenue, of either sign: what a credit line takes off lowers it. Before,
-- what was earned is a contract asset, and what is owed back (a credit line earned
-- before it is billed) deferred revenue. Whole minor units, and the same at the own
-- rate of the invoice in minor units of the reporting currency. Definitions 5.
with

parts as (

    select * from {{ ref('int_obligation_parts') }}

),

performance_obligations as (

    select * from {{ ref('int_performance_obligations') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_invoice') }}

),

closes as (

    select * from {{ ref('int_month_closes') }}

),

-- All parts of an obligation are seen in all its months, so that they add up.
rated_parts as (

    select
        parts.*,
        exchange_rates.rate_numerator,
        exchange_rates.rate_denominator,
        least(parts.start_on, parts.billed_on) as first_on,
        max(
            greatest(
                parts.billed_on,
                {{ add_days('parts.start_on', 'parts.day_count') }},
                coalesce(parts.reduced_on, parts.billed_on),
                coalesce(parts.undone_on, parts.billed_on),
                coalesce(parts.voided_on, parts.billed_on)
            )
        ) over (
            partition by
                parts.invoice_id, parts.invoice_line_item_id, parts.obligation
        ) as last_on
    from parts
    inner join exchange_rates
        on parts.invoice_id = exchange_rates.invoice_id

),

-- The state of a part at the close of every month that it is open in.
part_months as (

    select
        rated_parts.*,
        closes.month,
        closes.facts_close_on,
        closes.days_close_on,
        coalesce(rated_parts.reduced_on < closes.facts_close_on, false)
        and not coalesce(rated_parts.undone_on < closes.facts_close_on, false)
            as is_reduced
    from rated_parts
    inner join closes
        on
            rated_parts.first_on < closes.facts_close_on
            and rated_parts.last_on >= closes.month

),

elapsed as (

    select
        *,
        greatest(day_count, 1) as schedule_days,
        case
            when day_count = 0
                then
                    case
                        when
                            start_on
                            < case
                                when is_reduced then reduced_on
                                else facts_close_on
                            end
                            then 1
                        else 0
                    end
            else
                least(
                    greatest(
                        {{ days_between(
                            'start_on',
                            'case when is_reduced then reduced_on'
                            ~ ' else days_close_on end'
                        ) }},
                        0
                    ),
                    day_count
                )
        end as elapsed_days
    from part_months

),

scheduled as (

    select
        *,
        {{ round_quotient('from_minor * elapsed_days', 'schedule_days') }}
            as from_scheduled_minor,
        {{ round_quotient('to_minor * elapsed_days', 'schedule_days') }}
            as to_scheduled_minor
    from elapsed

),

converted as (

    select
        *,
        to_minor - from_minor as part_minor,
        to_scheduled_minor - from_scheduled_minor as scheduled_minor,
        {{ round_quotient('to_minor * rate_numerator', 'rate_denominator') }}
        - {{ round_quotient('from_minor * rate_numerator', 'rate_denominator') }}
            as part_reporting_minor,
        {{ round_quotient('to_scheduled_minor * rate_numerator', 'rate_denominator') }}
        - {{ round_quotient(
            'from_scheduled_minor * rate_numerator', 'rate_denominator'
        ) }} as scheduled_reporting_minor,
        billed_on < facts_close_on as is_billed,
        not is_reduced and coalesce(voided_on < facts_close_on, false) as is_void,
        is_reduced and part_kind in ('credit_note', 'refund', 'dispute')
            as is_credited,
        is_reduced and part_kind = 'write_off' as is_written_off
    from scheduled

),

to_date as (

    select
        invoice_line_item_id,
        obligation,
        invoice_id,
        month,
        is_billed,
        sum(
            case when is_billed and not is_void then part_minor else 0 end
        ) as billed_minor,
        sum(
            case when is_void then 0 else scheduled_minor end
        ) as recognized_minor,
        sum(
            case when is_credited then scheduled_minor else 0 end
        ) as contra_minor,
        sum(
            case when is_credited then part_minor - scheduled_minor else 0 end
        ) as credited_minor,
        sum(
            case when is_written_off then part_minor - scheduled_minor else 0 end
        ) as written_off_minor,
        sum(
            case when is_written_off then scheduled_minor else 0 end
        ) as bad_debt_minor,
        sum(
            case when is_billed and not is_void then part_reporting_minor else 0 end
        ) as billed_reporting_minor,
        sum(
            case when is_void then 0 else scheduled_reporting_minor end
        ) as recognized_reporting_minor,
        sum(
            case when is_credited then scheduled_reporting_minor else 0 end
        ) as contra_reporting_minor,
        sum(
            case
                when is_credited then part_reporting_minor - scheduled_reporting_minor
                else 0
            end
        ) as credited_reporting_minor,
        sum(
            case
                when is_written_off
                    then part_reporting_minor - scheduled_reporting_minor
                else 0
            end
        ) as written_off_reporting_minor,
        sum(
            case when is_written_off then scheduled_reporting_minor else 0 end
        ) as bad_debt_reporting_minor
    from converted
    group by invoice_line_item_id, obligation, invoice_id, month, is_billed

),

balanced as (

    select
        *,
        billed_minor - recognized_minor - credited_minor - written_off_minor
            as balance_minor,
        billed_reporting_minor
        - recognized_reporting_minor
        - credited_reporting_minor
        - written_off_reporting_minor as balance_reporting_minor
    from to_date

),

with_previous as (

    select
        *,
        coalesce(
            lag(billed_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_billed_minor,
        coalesce(
            lag(recognized_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_recognized_minor,
        coalesce(
            lag(contra_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_contra_minor,
        coalesce(
            lag(credited_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_credited_minor,
        coalesce(
            lag(written_off_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_written_off_minor,
        coalesce(
            lag(bad_debt_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_bad_debt_minor,
        coalesce(
            lag(billed_reporting_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_billed_reporting_minor,
        coalesce(
            lag(recognized_reporting_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_recognized_reporting_minor,
        coalesce(
            lag(contra_reporting_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_contra_reporting_minor,
        coalesce(
            lag(credited_reporting_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_credited_reporting_minor,
        coalesce(
            lag(written_off_reporting_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_written_off_reporting_minor,
        coalesce(
            lag(bad_debt_reporting_minor) over (
                partition by invoice_id, invoice_line_item_id, obligation
                order by month
            ),
            0
        ) as previous_bad_debt_reporting_minor
    from balanced

),

changes as (

    select
        invoice_line_item_id,
        obligation,
        invoice_id,
        month,
        is_billed,
        billed_minor - previous_billed_minor as billed_minor,
        recognized_minor - previous_recognized_minor as recognized_minor,
        contra_minor - previous_contra_minor as contra_minor,
        credited_minor - previous_credited_minor as credited_minor,
        written_off_minor - previous_written_off_minor as written_off_minor,
        bad_debt_minor - previous_bad_debt_minor as bad_debt_minor,
        billed_reporting_minor - previous_billed_reporting_minor
            as billed_reporting_minor,
        recognized_reporting_minor - previous_recognized_reporting_minor
            as recognized_reporting_minor,
        contra_reporting_minor - previous_contra_reporting_minor
            as contra_reporting_minor,
        credited_reporting_minor - previous_credited_reporting_minor
            as credited_reporting_minor,
        written_off_reporting_minor - previous_written_off_reporting_minor
            as written_off_reporting_minor,
        bad_debt_reporting_minor - previous_bad_debt_reporting_minor
            as bad_debt_reporting_minor,
        balance_minor,
        balance_reporting_minor
    from with_previous

),

final as (

    select
        changes.invoice_line_item_id,
        changes.obligation,
        changes.month,
        changes.invoice_id,
        performance_obligations.customer_id,
        performance_obligations.account_id,
        performance_obligations.stream,
        performance_obligations.currency_code,
        performance_obligations.minor_unit_digits,
        exchange_rates.reporting_minor_unit_digits,
        changes.billed_minor,
        changes.recognized_minor,
        changes.contra_minor,
        changes.credited_minor,
        changes.written_off_minor,
        changes.bad_debt_minor,
        changes.balance_minor,
        case
            when changes.is_billed then changes.balance_minor
            else greatest(changes.balance_minor, 0)
        end as deferred_minor,
        case
            when changes.is_billed then 0
            else greatest(-changes.balance_minor, 0)
        end as contract_asset_minor,
        changes.billed_reporting_minor,
        changes.recognized_reporting_minor,
        changes.contra_reporting_minor,
        changes.credited_reporting_minor,
        changes.written_off_reporting_minor,
        changes.bad_debt_reporting_minor,
        changes.balance_reporting_minor,
        case
            when changes.is_billed then changes.balance_reporting_minor
            else greatest(changes.balance_reporting_minor, 0)
        end as deferred_reporting_minor,
        case
            when changes.is_billed then 0
            else greatest(-changes.balance_reporting_minor, 0)
        end as contract_asset_reporting_minor
    from changes
    inner join performance_obligations
        on
            changes.invoice_line_item_id
            = performance_obligations.invoice_line_item_id
            and changes.invoice_id = performance_obligations.invoice_id
            and changes.obligation = performance_obligations.obligation
    inner join exchange_rates
        on changes.invoice_id = exchange_rates.invoice_id
    where
        changes.balance_minor <> 0
        or changes.balance_reporting_minor <> 0
        or changes.billed_minor <> 0
        or changes.recognized_minor <> 0
        or changes.contra_minor <> 0
        or changes.credited_minor <> 0
        or changes.written_off_minor <> 0
        or changes.bad_debt_minor <> 0
        or changes.billed_reporting_minor <> 0
        or changes.recognized_reporting_minor <> 0
        or changes.contra_reporting_minor <> 0
        or changes.credited_reporting_minor <> 0
        or changes.written_off_reporting_minor <> 0
        or changes.bad_debt_reporting_minor <> 0

)

select * from final
