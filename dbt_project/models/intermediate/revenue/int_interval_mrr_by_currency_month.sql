-- Grain: one row per currency and month with MRR: counted from the intervals by what
-- started and ended up to the month, a path to MRR that shares no join with the month
-- facts.
with

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

months as (

    select * from {{ ref('int_months') }}

),

steps as (

    select
        currency_code,
        valid_from as step_at,
        mrr_amount_in_currency as step_amount
    from intervals
    union all
    select
        currency_code,
        valid_to as step_at,
        -mrr_amount_in_currency as step_amount
    from intervals

),

steps_by_month as (

    -- Half-open: a start or an end at a month's end belongs to the next month.
    select
        steps.currency_code,
        months.month,
        sum(steps.step_amount) as mrr_amount_in_currency
    from steps
    inner join months
        on steps.step_at < months.month_end_at
    group by steps.currency_code, months.month

),

final as (

    select
        currency_code,
        month,
        mrr_amount_in_currency
    from steps_by_month
    where mrr_amount_in_currency <> 0

)

select * from final
