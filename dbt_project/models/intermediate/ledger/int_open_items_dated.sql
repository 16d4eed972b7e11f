-- Grain: one row per known open item of a control, and whether it has expired.
with

open_items as (

    select * from {{ ref('stg_policy__open_items') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

final as (

    select
        open_items.open_item,
        open_items.control,
        open_items.dimension,
        open_items.currency_code,
        open_items.first_period,
        open_items.last_period,
        open_items.amount,
        open_items.owner,
        open_items.reason,
        open_items.expires_on,
        coalesce(open_items.expires_on < run_settings.as_of_date, true) as is_expired
    from open_items
    cross join run_settings

)

select * from final
