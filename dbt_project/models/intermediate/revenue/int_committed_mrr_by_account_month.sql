-- Grain: one row per account and month at whose end it has agreed to service that
-- starts later: the MRR of it, at the month's rate.
-- An item is worth what its first service interval says, which stays put; one that was
-- never invoiced its present price and quantity.
with

committed_items as (

    select * from {{ ref('int_committed_items') }}

),

intervals as (

    select * from {{ ref('int_item_mrr_intervals') }}

),

valued_quantities as (

    select * from {{ ref('int_price_quantities_valued') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

months as (

    select * from {{ ref('int_months') }}

),

exchange_rates as (

    select * from {{ ref('int_exchange_rates_by_month') }}

),

first_intervals as (

    select
        subscription_item_id,
        currency_code,
        mrr_amount_in_currency,
        row_number() over (
            partition by subscription_item_id
            order by valid_from
        ) as interval_number
    from intervals

),

valued as (

    select
        committed_items.agreed_at,
        committed_items.committed_until,
        accounts.account_id,
        coalesce(first_intervals.currency_code, committed_items.currency_code)
            as currency_code,
        coalesce(
            first_intervals.mrr_amount_in_currency,
            valued_quantities.mrr_amount_in_currency
        ) as mrr_amount_in_currency
    from committed_items
    inner join accounts
        on committed_items.customer_id = accounts.customer_id
    left join valued_quantities
        on
            committed_items.price_id = valued_quantities.price_id
            and committed_items.billable_quantity = valued_quantities.billable_quantity
    left join first_intervals
        on
            committed_items.subscription_item_id = first_intervals.subscription_item_id
            and first_intervals.interval_number = 1

),

final as (

    select
        valued.account_id,
        months.month,
        -- NULL as soon as one rate is missing, which stops publication.
        case
            when count(*) = count(exchange_rates.exchange_rate)
                then {{ sum_mrr(convert_mrr(
                    'valued.mrr_amount_in_currency', 'exchange_rates.exchange_rate'
                )) }}
        end as mrr_amount,
        min(
            case
                when exchange_rates.exchange_rate is null then valued.currency_code
            end
        ) as currency_code_without_rate
    from valued
    inner join months
        on
            valued.agreed_at < months.month_end_at
            and months.month_end_at <= valued.committed_until
    left join exchange_rates
        on
            months.month = exchange_rates.month
            and valued.currency_code = exchange_rates.currency_code
    where valued.mrr_amount_in_currency > 0
    group by valued.account_id, months.month

)

select * from final
