-- Grain: one row per billed currency and month.
-- The roll-forward: opening + billed - recognized - credited - written_off = closing.
-- opening and closing are deferred revenue less contract assets; both stand beside.
-- Amounts are in currency_code; those that end in _reporting_amount are the same at the
-- own rate of each invoice: deferred revenue is not revalued. Definitions 5.
with

revenue as (

    select * from {{ ref('int_revenue_by_obligation_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

currencies as (

    select distinct
        currency_code,
        minor_unit_digits,
        reporting_minor_unit_digits
    from revenue

),

summed as (

    select
        currency_code,
        month,
        sum(billed_minor) as billed_minor,
        sum(recognized_minor) as recognized_minor,
        sum(credited_minor) as credited_minor,
        sum(written_off_minor) as written_off_minor,
        sum(deferred_minor) as deferred_revenue_minor,
        sum(contract_asset_minor) as contract_asset_minor,
        sum(billed_reporting_minor) as billed_reporting_minor,
        sum(recognized_reporting_minor) as recognized_reporting_minor,
        sum(credited_reporting_minor) as credited_reporting_minor,
        sum(written_off_reporting_minor) as written_off_reporting_minor,
        sum(deferred_reporting_minor) as deferred_revenue_reporting_minor,
        sum(contract_asset_reporting_minor) as contract_asset_reporting_minor
    from revenue
    group by currency_code, month

),

rolled as (

    select
        currencies.currency_code,
        months.month,
        currencies.minor_unit_digits,
        currencies.reporting_minor_unit_digits,
        coalesce(summed.billed_minor, 0) as billed_minor,
        coalesce(summed.recognized_minor, 0) as recognized_minor,
        coalesce(summed.credited_minor, 0) as credited_minor,
        coalesce(summed.written_off_minor, 0) as written_off_minor,
        coalesce(summed.deferred_revenue_minor, 0) as deferred_revenue_minor,
        coalesce(summed.contract_asset_minor, 0) as contract_asset_minor,
        coalesce(
            sum(
                summed.billed_minor
                - summed.recognized_minor
                - summed.credited_minor
                - summed.written_off_minor
            ) over (
                partition by currencies.currency_code
                order by months.month
                rows between unbounded preceding and current row
            ),
            0
        ) as closing_minor,
        coalesce(summed.billed_reporting_minor, 0) as billed_reporting_minor,
        coalesce(summed.recognized_reporting_minor, 0) as recognized_reporting_minor,
        coalesce(summed.credited_reporting_minor, 0) as credited_reporting_minor,
        coalesce(summed.written_off_reporting_minor, 0) as written_off_reporting_minor,
        coalesce(summed.deferred_revenue_reporting_minor, 0)
            as deferred_revenue_reporting_minor,
        coalesce(summed.contract_asset_reporting_minor, 0)
            as contract_asset_reporting_minor,
        coalesce(
            sum(
                summed.billed_reporting_minor
                - summed.recognized_reporting_minor
                - summed.credited_reporting_minor
                - summed.written_off_reporting_minor
            ) over (
                partition by currencies.currency_code
                order by months.month
                rows between unbounded preceding and current row
            ),
            0
        ) as closing_reporting_minor
    from currencies
    cross join months
    left join summed
        on
            currencies.currency_code = summed.currency_code
            and months.month = summed.month

),

opened as (

    select
        *,
        coalesce(
            lag(closing_minor) over (partition by currency_code order by month), 0
        ) as opening_minor,
        coalesce(
            lag(closing_reporting_minor) over (
                partition by currency_code
                order by month
            ),
            0
        ) as opening_reporting_minor
    from rolled

),

final as (

    select
        currency_code,
        month,
        {{ minor_to_amount('opening_minor', 'minor_unit_digits') }} as opening,
        {{ minor_to_amount('billed_minor', 'minor_unit_digits') }} as billed,
        {{ minor_to_amount('recognized_minor', 'minor_unit_digits') }} as recognized,
        {{ minor_to_amount('credited_minor', 'minor_unit_digits') }} as credited,
        {{ minor_to_amount('written_off_minor', 'minor_unit_digits') }} as written_off,
        {{ minor_to_amount('closing_minor', 'minor_unit_digits') }} as closing,
        {{ minor_to_amount('deferred_revenue_minor', 'minor_unit_digits') }}
            as deferred_revenue,
        {{ minor_to_amount('contract_asset_minor', 'minor_unit_digits') }}
            as contract_asset,
        {{ minor_to_amount(
            'opening_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as opening_reporting_amount,
        {{ minor_to_amount(
            'billed_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as billed_reporting_amount,
        {{ minor_to_amount(
            'recognized_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as recognized_reporting_amount,
        {{ minor_to_amount(
            'credited_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as credited_reporting_amount,
        {{ minor_to_amount(
            'written_off_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as written_off_reporting_amount,
        {{ minor_to_amount(
            'closing_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as closing_reporting_amount,
        {{ minor_to_amount(
            'deferred_revenue_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as deferred_revenue_reporting_amount,
        {{ minor_to_amount(
            'contract_asset_reporting_minor', 'reporting_minor_unit_digits'
        ) }} as contract_asset_reporting_amount
    from opened

)

select * from final
