-- No figure stays with a billing customer that has become part of another account: what
-- was joined is netted everywhere.
{%- set figures = [
    'fct_mrr_by_account_month', 'fct_mrr_by_account_currency_month',
    'fct_revenue_by_account_month', 'fct_receivables_by_account_month',
    'fct_cost_of_revenue_by_account_month', 'fct_gross_margin_by_account_month'
] %}
with

accounts as (

    select * from {{ ref('dim_accounts') }}

),

named_accounts as (

    {%- for figure in figures %}
    select distinct
        '{{ figure }}' as table_name,
        account_id
    from {{ ref(figure) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    named_accounts.table_name,
    named_accounts.account_id
from named_accounts
left join accounts
    on named_accounts.account_id = accounts.account_id
where
    accounts.account_id is null
    -- Costs that nobody bears.
    and named_accounts.account_id <> 'unallocated'
