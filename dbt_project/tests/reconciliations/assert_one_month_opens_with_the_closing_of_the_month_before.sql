-- Per account: what one month closed with, the next one opens with, also where the next
-- has no row.
with

account_months as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

closings as (

    select
        account_id,
        {{ add_months('month', 1) }} as month,
        closing_mrr_amount
    from account_months
    where closing_mrr_amount <> 0

),

openings as (

    select
        account_id,
        month,
        opening_mrr_amount
    from account_months
    where opening_mrr_amount <> 0

)

select
    coalesce(closings.account_id, openings.account_id) as account_id,
    coalesce(closings.month, openings.month) as month,
    closings.closing_mrr_amount as previous_closing_mrr_amount,
    openings.opening_mrr_amount
from closings
inner join months
    on closings.month = months.month
full outer join openings
    on
        closings.account_id = openings.account_id
        and closings.month = openings.month
where closings.closing_mrr_amount is distinct from openings.opening_mrr_amount
