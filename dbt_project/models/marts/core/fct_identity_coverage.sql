-- Grain: one row per source system, object type and match method: how many records were
-- matched so.
with

members as (

    select * from {{ ref('dim_account_members') }}

),

mrr as (

    select * from {{ ref('fct_mrr_by_account_month') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

last_months as (

    select max(month) as month
    from months

),

account_mrr as (

    select
        mrr.account_id,
        mrr.closing_mrr_amount
    from mrr
    inner join last_months
        on mrr.month = last_months.month

),

-- The MRR of an account stands with its earliest billing customer, whose id it carries,
-- so that the methods of billing customers sum to the whole.
counted as (

    select
        members.source_system,
        members.object_type,
        members.match_method,
        count(*) as record_count,
        count(distinct members.account_id) as account_count,
        sum(account_mrr.closing_mrr_amount) as closing_mrr_amount
    from members
    left join account_mrr
        on
            members.source_system = 'billing'
            and members.source_id = account_mrr.account_id
    group by members.source_system, members.object_type, members.match_method

),

totalled as (

    select
        *,
        sum(record_count) over (
            partition by source_system, object_type
        ) as total_count
    from counted

),

final as (

    select
        source_system,
        object_type,
        match_method,
        cast(record_count as bigint) as record_count,
        cast(account_count as bigint) as account_count,
        {{ ratio('record_count', 'total_count') }} as record_share,
        cast(
            case
                when source_system = 'billing' then coalesce(closing_mrr_amount, 0)
            end as decimal(24, 4)
        ) as closing_mrr_amount
    from totalled

)

select * from final
