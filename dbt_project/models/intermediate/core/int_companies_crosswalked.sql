-- Grain: one row per company that the CRM, or a ticket, usage or work record, names,
-- with the account that it belongs to.
-- A company that was merged into another follows it, however often. The survivor is of
-- the account of the billing customer that it names, else an account of its own. A
-- deleted company keeps its history.
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

listed_mergers as (

    select
        company_id as survivor_id,
        is_deleted,
        {{ split_to_rows('merged_company_ids', ';') }} as listed_id
    from known_companies
    where merged_company_ids is not null

),

mergers as (

    select
        trim(listed_id) as company_id,
        survivor_id,
        -- Of two that both say so, the one that is still there.
        row_number() over (
            partition by trim(listed_id)
            order by is_deleted, survivor_id
        ) as merger_number
    from listed_mergers
    where trim(listed_id) not in ('', survivor_id)

),

-- What is neither a company of the export nor a billing customer is still somebody.
named_companies as (

    select company_id from known_companies
    union
    select company_id from mergers
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
        coalesce(mergers.survivor_id, named_companies.company_id) as survivor_id
    from named_companies
    left join mergers
        on
            named_companies.company_id = mergers.company_id
            and mergers.merger_number = 1

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

final as (

    select
        survivors_after_8.company_id,
        survivors_after_8.survivor_id as surviving_company_id,
        coalesce(
            accounts.account_id, 'crm:' || survivors_after_8.survivor_id
        ) as account_id,
        accounts.account_id is not null as is_billed
    from survivors_after_8
    left join known_companies
        on survivors_after_8.survivor_id = known_companies.company_id
    left join accounts
        on trim(known_companies.billing_customer_id) = accounts.customer_id

)

select * from final
