-- Grain: one row per account, revenue stream, currency and month in which something was
-- billed, recognized or reduced.
-- Amounts are in currency_code; those that end in _reporting_amount are the same at the
-- own rate of each invoice. Definitions 5.
with

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

summed as (

    select
        account_id,
        stream,
        currency_code,
        month,
        minor_unit_digits,
        reporting_minor_unit_digits,
        sum(billed_minor) as billed_minor,
        sum(recognized_minor) as recognized_minor,
        sum(contra_minor) as contra_minor,
        sum(recognized_minor - contra_minor) as net_revenue_minor,
        sum(credited_minor) as credited_minor,
        sum(written_off_minor) as written_off_minor,
        sum(bad_debt_minor) as bad_debt_minor,
        sum(billed_reporting_minor) as billed_reporting_minor,
        sum(recognized_reporting_minor) as recognized_reporting_minor,
        sum(contra_reporting_minor) as contra_reporting_minor,
        sum(recognized_reporting_minor - contra_reporting_minor)
            as net_revenue_reporting_minor,
        sum(credited_reporting_minor) as credited_reporting_minor,
        sum(written_off_reporting_minor) as written_off_reporting_minor,
        sum(bad_debt_reporting_minor) as bad_debt_reporting_minor
    from revenue
    group by
        account_id,
        stream,
        currency_code,
        month,
        minor_unit_digits,
        reporting_minor_unit_digits

),

final as (

    select
        account_id,
        stream,
        currency_code,
        month,
        {{ minor_to_amount('billed_minor', 'minor_unit_digits') }}
            as billed_amount,
        {{ minor_to_amount('recognized_minor', 'minor_unit_digits') }}
            as recognized_amount,
        {{ minor_to_amount('contra_minor', 'minor_unit_digits') }}
            as contra_amount,
        {{ minor_to_amount('net_revenue_minor', 'minor_unit_digits') }}
            as net_revenue_amount,
        {{ minor_to_amount('credited_minor', 'minor_unit_digits') }}
            as credited_amount,
        {{ minor_to_amount('written_off_minor', 'minor_unit_digits') }}
            as written_off_amount,
        {{ minor_to_amount('bad_debt_minor', 'minor_unit_digits') }}
            as bad_debt_amount,
        {{ minor_to_amount(
            'billed_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as billed_reporting_amount,
        {{ minor_to_amount(
            'recognized_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as recognized_reporting_amount,
        {{ minor_to_amount(
            'contra_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as contra_reporting_amount,
        {{ minor_to_amount(
            'net_revenue_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as net_revenue_reporting_amount,
        {{ minor_to_amount(
            'credited_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as credited_reporting_amount,
        {{ minor_to_amount(
            'written_off_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as written_off_reporting_amount,
        {{ minor_to_amount(
            'bad_debt_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as bad_debt_reporting_amount
    from summed
    where
        billed_minor <> 0
        or recognized_minor <> 0
        or contra_minor <> 0
        or credited_minor <> 0
        or written_off_minor <> 0
        or bad_debt_minor <> 0
        or billed_reporting_minor <> 0
        or recognized_reporting_minor <> 0
        or contra_reporting_minor <> 0
        or credited_reporting_minor <> 0
        or written_off_reporting_minor <> 0
        or bad_debt_reporting_minor <> 0

)

select * from final
