-- Grain: one row per account with postings and month, from its first posting to the
-- month of the as-of.
with

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

postings as (

    select
        account_id,
        month,
        sum(case when amount > 0 then amount else 0 end) as debit_amount,
        sum(case when amount < 0 then -amount else 0 end) as credit_amount
    from lines
    group by account_id, month

),

bounds as (

    select
        postings.account_id,
        min(postings.month) as first_month,
        max({{ month_of('run_settings.as_of_date') }}) as last_month
    from postings
    cross join run_settings
    group by postings.account_id

),

series as (

    select
        account_id,
        {{ month_series('first_month', 'last_month') }} as month_start
    from bounds

),

account_months as (

    select
        account_id,
        cast(month_start as date) as month
    from series

),

moved as (

    select
        account_months.account_id,
        account_months.month,
        coalesce(postings.debit_amount, 0) as debit_amount,
        coalesce(postings.credit_amount, 0) as credit_amount,
        sum(
            coalesce(postings.debit_amount, 0) - coalesce(postings.credit_amount, 0)
        ) over (
            partition by account_months.account_id
            order by account_months.month
            rows between unbounded preceding and current row
        ) as closing_balance_amount
    from account_months
    left join postings
        on
            account_months.account_id = postings.account_id
            and account_months.month = postings.month

),

final as (

    select
        account_id,
        month,
        cast(
            coalesce(
                lag(closing_balance_amount) over (
                    partition by account_id order by month
                ),
                0
            ) as decimal(24, 4)
        ) as opening_balance_amount,
        cast(debit_amount as decimal(24, 4)) as debit_amount,
        cast(credit_amount as decimal(24, 4)) as credit_amount,
        cast(closing_balance_amount as decimal(24, 4)) as closing_balance_amount
    from moved

)

select * from final
