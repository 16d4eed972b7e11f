-- Grain: one row per accounting period, quarters and years included.
with

source as (

    select * from {{ source('ledger', 'accountingperiod') }}

),

final as (

    select
        id as accounting_period_id,
        periodname as period_name,
        startdate as start_date,
        enddate as end_date,
        closedondate as closed_on_date,
        coalesce(closed, false) as is_closed,
        coalesce(isadjust, false) as is_adjustment,
        coalesce(isquarter, false) as is_quarter,
        coalesce(isyear, false) as is_year
    from source

)

select * from final
