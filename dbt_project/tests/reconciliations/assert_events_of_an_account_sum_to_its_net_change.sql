-- Per account, currency and month: the dated changes sum to closing less opening.
with

currency_months as (

    select * from {{ ref('fct_mrr_by_account_currency_month') }}

),

event_sums as (

    select
        account_id,
        currency_code,
        {{ month_of('event_date') }} as month,
        sum(change_amount_in_currency) as change_amount_in_currency
    from {{ ref('fct_mrr_events') }}
    group by account_id, currency_code, {{ month_of('event_date') }}

)

select
    coalesce(currency_months.account_id, event_sums.account_id) as account_id,
    coalesce(currency_months.currency_code, event_sums.currency_code) as currency_code,
    coalesce(currency_months.month, event_sums.month) as month,
    currency_months.closing_mrr_amount_in_currency
    - currency_months.opening_mrr_amount_in_currency as net_change,
    event_sums.change_amount_in_currency
from currency_months
full outer join event_sums
    on
        currency_months.account_id = event_sums.account_id
        and currency_months.currency_code = event_sums.currency_code
        and currency_months.month = event_sums.month
where
    coalesce(
        currency_months.closing_mrr_amount_in_currency
        - currency_months.opening_mrr_amount_in_currency,
        0
    ) <> coalesce(event_sums.change_amount_in_currency, 0)
