-- Grain: one row per account and month with revenue or a cost that accounts cause; the
-- account 'unallocated' has what no driver leads to an account. Definitions 6.
with

margins as (

    select * from {{ ref('int_margins_by_account_price_month') }}

),

months as (

    select * from {{ ref('int_months') }}

),

summed as (

    select
        account_id,
        month,
        minor_unit_digits,
        {%- for measure in margin_measures().split() %}
        sum({{ measure }}_minor) as {{ measure }}_minor
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from margins
    group by account_id, month, minor_unit_digits

),

final as (

    select
        summed.account_id,
        summed.month,
        {%- for measure in margin_measures().split() %}
        {{ minor_to_amount(
            'summed.' ~ measure ~ '_minor', 'summed.minor_unit_digits'
        ) }} as {{ measure }}_amount,
        {%- endfor %}
        {%- for margin in margins().split() %}
        {{ margin_rate(margin) }} as {{ margin }}_rate,
        {%- endfor %}
        -- Months before the first billed one are over.
        coalesce(months.is_complete_month, true) as is_complete_month
    from summed
    left join months
        on summed.month = months.month

)

select * from final
