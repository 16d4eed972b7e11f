-- Grain: one row per company that the CRM, or a ticket, usage or work record, names,
-- with the account that it belongs to.
-- A company that was merged into another follows it, however often. The survivor is the
-- account of the billing customer that it names, or that a company merged into it
-- names; else an account of its own. A deleted company keeps its history.
with

companies as (

    select * from {{ ref('stg_crm__companies') }}

),

tickets as (

    select * from {{ ref('stg_crm__tickets') }}

),

product_usages as (

    select * from {{ ref('stg_crm__product_usages') }}

),

time_entries as (

    select * from {{ ref('stg_ledger__time_entries') }}

),

accounts as (

    select * from {{ ref('int_accounts_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

known_companies as (

    select companies.*
    from companies
    cross join run_settings
    where {{ is_known_by_the_as_of('companies.created_at') }}

),

listed_merges as (

    select
        company_id as survivor_id,
        is_deleted,
        {{ split_to_rows('merged_company_ids', ';') }} as listed_id
    from known_companies
    where merged_company_ids is not null

),

merges as (

    select
        trim(listed_id) as company_id,
        survivor_id,
        -- Of two that both say so, the one that is still there.
        row_number() over (
            partition by trim(listed_id)
            order by is_deleted, survivor_id
        ) as merge_number
    from listed_merges
    where trim(listed_id) not in ('', survivor_id)

),

-- What is neither a company of the export nor a billing customer is still somebody.
named_companies as (

    select company_id from known_companies
    union
    select company_id from merges
    union
    select company_id from tickets
    where company_id is not null
    union
    select company_id from product_usages
    union
    select time_entries.account_external_id as company_id
    from time_entries
    left join accounts
        on time_entries.account_external_id = accounts.customer_id
    where
        time_entries.account_external_id is not null
        and accounts.customer_id is null

),

survivors_after_1 as (

    select
        named_companies.company_id,
        coalesce(merges.survivor_id, named_companies.company_id) as survivor_id
    from named_companies
    left join merges
        on
            named_companies.company_id = merges.company_id
            and merges.merge_number = 1

),

-- A survivor may have been merged in its turn: each step goes twice as far.
{%- for steps in [2, 4, 8] %}
survivors_after_{{ steps }} as (

    select
        nearer.company_id,
        farther.survivor_id
    from survivors_after_{{ steps // 2 }} as nearer
    inner join survivors_after_{{ steps // 2 }} as farther
        on nearer.survivor_id = farther.company_id

),

{%- endfor %}

linked_companies as (

    select
        survivors_after_8.survivor_id,
        accounts.account_id,
        row_number() over (
            partition by survivors_after_8.survivor_id
            order by
                case
                    when known_companies.company_id = survivors_after_8.survivor_id
                        then 0
                    else 1
                end,
                known_companies.company_id
        ) as link_number
    from survivors_after_8
    inner join known_companies
        on survivors_after_8.company_id = known_companies.company_id
    inner join accounts
        on trim(known_companies.billing_customer_id) = accounts.customer_id

),

final as (

    select
        survivors_after_8.company_id,
        survivors_after_8.survivor_id as surviving_company_id,
        coalesce(
            linked_companies.account_id, 'crm:' || survivors_after_8.survivor_id
        ) as account_id,
        linked_companies.account_id is not null as is_billed
    from survivors_after_8
    left join linked_companies
        on
            survivors_after_8.survivor_id = linked_companies.survivor_id
            and linked_companies.link_number = 1

)

select * from final
