-- Grain: one row per won deal of new business, with the account that was won.
-- Won as far as the as-of knows; the amount is that of the month's end, at the rate of
-- the month. Of several companies that a deal is made with, one that is billed has it,
-- then the account of the lowest id.
with

deal_stages as (

    select * from {{ ref('int_deal_stages_dated') }}

),

deals as (

    select * from {{ ref('stg_crm__deals') }}

),

deal_companies as (

    select * from {{ ref('stg_crm__deal_companies') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

amounts as (

    select * from {{ ref('int_deal_properties_dated') }}
    where property_name = 'amount'

),

months as (

    select * from {{ ref('int_pipeline_months') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

numbered_accounts as (

    select
        deal_companies.deal_id,
        companies.account_id,
        row_number() over (
            partition by deal_companies.deal_id
            order by
                companies.is_billed desc, companies.account_id asc,
                deal_companies.company_id asc
        ) as account_number
    from deal_companies
    inner join companies
        on deal_companies.company_id = companies.company_id

),

won_deals as (

    select
        deals.deal_id,
        numbered_accounts.account_id,
        deal_stages.valid_from_at,
        {{ local_day('deal_stages.valid_from_at', 'run_settings.reporting_time_zone') }}
            as won_date
    from deals
    cross join run_settings
    inner join deal_stages
        on deals.deal_id = deal_stages.deal_id
    left join numbered_accounts
        on
            deals.deal_id = numbered_accounts.deal_id
            and numbered_accounts.account_number = 1
    where
        deal_stages.stage_kind = 'won'
        and deal_stages.valid_to_at = {{ end_of_time() }}
        and coalesce(deals.deal_type, 'newbusiness') = 'newbusiness'

),

dated as (

    select
        *,
        {{ month_of('won_date') }} as won_month
    from won_deals

),

final as (

    select
        dated.deal_id,
        dated.account_id,
        dated.won_date,
        dated.won_month,
        {{ convert_mrr('amounts.amount_in_currency', 'months.exchange_rate') }}
            as amount,
        case
            when dated.account_id is not null
                then min(dated.won_date) over (partition by dated.account_id)
            else dated.won_date
        end as first_won_date
    from dated
    left join months
        on dated.won_month = months.month
    left join amounts
        on
            dated.deal_id = amounts.deal_id
            and amounts.valid_from_at < months.month_end_at
            and months.month_end_at <= amounts.valid_to_at

)

select * from final
