-- An open item stands against one control of the ledger or of billing in itself for
-- some months, and somebody owns it.
with

open_items as (

    select * from {{ ref('stg_policy__open_items') }}

),

control_names as (

    select control from {{ ref('controls') }}

),

currencies as (

    select * from {{ ref('iso_4217_currencies') }}

),

checked as (

    select
        open_items.*,
        control_names.control is not null as is_control_known,
        currencies.currency_code is not null as is_currency_known
    from open_items
    left join control_names
        on open_items.control = control_names.control
    left join currencies
        on open_items.currency_code = currencies.currency_code

),

findings as (

    select
        open_item,
        'control' as column_name,
        control as rejected_value,
        'No control that open items can explain has this name.' as reason
    from checked
    where not is_control_known
    union all
    select
        open_item,
        'first_period' as column_name,
        cast(first_period as string) as rejected_value,
        'Expected the first day of the first month that it stands for.' as reason
    from checked
    where coalesce(first_period <> {{ month_of('first_period') }}, true)
    union all
    select
        open_item,
        'last_period' as column_name,
        cast(last_period as string) as rejected_value,
        'Expected the first day of a month, not before first_period, or nothing.'
            as reason
    from checked
    where
        last_period is not null
        and (
            last_period <> {{ month_of('last_period') }}
            or last_period < first_period
        )
    union all
    select
        open_item,
        'currency_code' as column_name,
        currency_code as rejected_value,
        'Expected an ISO 4217 code.' as reason
    from checked
    where not is_currency_known
    union all
    select
        open_item,
        'amount' as column_name,
        cast(amount as string) as rejected_value,
        'Expected the difference (actual less expected) that it explains; not 0.'
            as reason
    from checked
    where coalesce(amount, 0) = 0
    union all
    select
        open_item,
        'owner' as column_name,
        owner as rejected_value,
        'Somebody must own it.' as reason
    from checked
    where coalesce(trim(owner), '') = ''
    union all
    select
        open_item,
        'reason' as column_name,
        reason as rejected_value,
        'Something must explain it.' as reason
    from checked
    where coalesce(trim(reason), '') = ''
    union all
    select
        open_item,
        'expires_on' as column_name,
        cast(expires_on as string) as rejected_value,
        'It must end on some day.' as reason
    from checked
    where expires_on is null

)

select
    'policy.open_items' as raw_table,
    open_item as row_id,
    column_name,
    rejected_value,
    reason
from findings
