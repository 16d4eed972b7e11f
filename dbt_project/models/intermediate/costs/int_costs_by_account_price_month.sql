-- Grain: one row per account, margin line, kind of cost, price, currency and month: the
-- costs of an account, over the prices that it paid in that line.
-- They go by the revenue of the month, to the minor unit: what is left of whole units
-- goes to the largest remainders, ties to the lowest price and currency. Without
-- revenue the price is 'unknown'; costs of no account are of the price 'unallocated'.
-- A kind is a bucket; overhead that follows customer success is a kind of its own, so
-- that both margins can be told.
with

costs as (

    select * from {{ ref('int_costs_by_account_month') }}

),

revenue as (

    select * from {{ ref('int_revenue_by_account_price_month') }}
    where revenue_minor > 0

),

costs_by_kind as (

    select
        account_id,
        margin_line,
        case
            when bucket = 'overhead' and followed_bucket = 'customer_success'
                then 'customer_success_overhead'
            else bucket
        end as cost_kind,
        month,
        amount_minor
    from costs

),

account_costs as (

    select
        account_id,
        margin_line,
        cost_kind,
        month,
        sum(amount_minor) as amount_minor
    from costs_by_kind
    group by account_id, margin_line, cost_kind, month
    having sum(amount_minor) <> 0

),

-- What an account paid in a line, and for how many prices: most pay for one.
revenue_by_account as (

    select
        account_id,
        margin_line,
        month,
        count(*) as price_count,
        min(price_id) as price_id,
        min(currency_code) as currency_code,
        {{ exact_integer('sum(revenue_minor)') }} as total_weight
    from revenue
    group by account_id, margin_line, month

),

split_costs as (

    select
        account_costs.account_id,
        account_costs.margin_line,
        account_costs.cost_kind,
        account_costs.month,
        revenue.price_id,
        revenue.currency_code,
        case when account_costs.amount_minor < 0 then -1 else 1 end as cost_sign,
        {{ exact_integer('abs(account_costs.amount_minor)') }} as cost_minor,
        {{ exact_integer('abs(account_costs.amount_minor)') }}
        * {{ exact_integer('revenue.revenue_minor') }} as product,
        revenue_by_account.total_weight
    from account_costs
    inner join revenue_by_account
        on
            account_costs.account_id = revenue_by_account.account_id
            and account_costs.margin_line = revenue_by_account.margin_line
            and account_costs.month = revenue_by_account.month
            and revenue_by_account.price_count > 1
    inner join revenue
        on
            account_costs.account_id = revenue.account_id
            and account_costs.margin_line = revenue.margin_line
            and account_costs.month = revenue.month

),

cut as (

    select
        *,
        {{ whole_quotient('product', 'total_weight') }} as whole_minor,
        product % total_weight as product_left
    from split_costs

),

ranked as (

    select
        *,
        cost_minor - sum(whole_minor) over (
            partition by account_id, margin_line, cost_kind, month
        ) as left_minor,
        row_number() over (
            partition by account_id, margin_line, cost_kind, month
            order by product_left desc, price_id asc, currency_code asc
        ) as remainder_rank
    from cut

),

spread as (

    select
        account_id,
        margin_line,
        cost_kind,
        price_id,
        currency_code,
        month,
        cost_sign
        * (whole_minor + case when remainder_rank <= left_minor then 1 else 0 end)
            as amount_minor
    from ranked

),

unspread as (

    select
        account_costs.account_id,
        account_costs.margin_line,
        account_costs.cost_kind,
        coalesce(
            revenue_by_account.price_id,
            case
                when account_costs.account_id = 'unallocated' then 'unallocated'
                else 'unknown'
            end
        ) as price_id,
        coalesce(
            revenue_by_account.currency_code,
            case
                when account_costs.account_id = 'unallocated' then 'unallocated'
                else 'unknown'
            end
        ) as currency_code,
        account_costs.month,
        account_costs.amount_minor
    from account_costs
    left join revenue_by_account
        on
            account_costs.account_id = revenue_by_account.account_id
            and account_costs.margin_line = revenue_by_account.margin_line
            and account_costs.month = revenue_by_account.month
    where coalesce(revenue_by_account.price_count, 1) = 1

),

final as (

    select
        account_id,
        margin_line,
        cost_kind,
        price_id,
        currency_code,
        month,
        cast(amount_minor as decimal(20, 0)) as amount_minor
    from spread
    where amount_minor <> 0
    union all
    select
        account_id,
        margin_line,
        cost_kind,
        price_id,
        currency_code,
        month,
        cast(amount_minor as decimal(20, 0)) as amount_minor
    from unspread

)

select * from final
