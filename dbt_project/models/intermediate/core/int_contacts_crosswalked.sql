-- Grain: one row per contact that the CRM names, with the company and the account that
-- it belongs to.
-- A contact that was merged into another follows it, however often, and is of the
-- survivor's company. One of no company is of no account. A deleted contact keeps its
-- history.
with

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

companies as (

    select * from {{ ref('int_companies_crosswalked') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

known_contacts as (

    select contacts.*
    from contacts
    cross join run_settings
    where {{ is_known_by_the_as_of('contacts.created_at') }}

),

listed_mergers as (

    select
        contact_id as survivor_id,
        is_deleted,
        {{ split_to_rows('merged_contact_ids', ';') }} as listed_id
    from known_contacts
    where merged_contact_ids is not null

),

mergers as (

    select
        trim(listed_id) as contact_id,
        survivor_id,
        -- Of two that both say so, the one that is still there.
        row_number() over (
            partition by trim(listed_id)
            order by is_deleted, survivor_id
        ) as merger_number
    from listed_mergers
    where trim(listed_id) not in ('', survivor_id)

),

named_contacts as (

    select contact_id from known_contacts
    union
    select contact_id from mergers

),

survivors_after_1 as (

    select
        named_contacts.contact_id,
        coalesce(mergers.survivor_id, named_contacts.contact_id) as survivor_id
    from named_contacts
    left join mergers
        on
            named_contacts.contact_id = mergers.contact_id
            and mergers.merger_number = 1

),

-- A survivor may have been merged in its turn: each step goes twice as far.
{%- for steps in [2, 4, 8] %}
survivors_after_{{ steps }} as (

    select
        nearer.contact_id,
        farther.survivor_id
    from survivors_after_{{ steps // 2 }} as nearer
    inner join survivors_after_{{ steps // 2 }} as farther
        on nearer.survivor_id = farther.contact_id

),

{%- endfor %}

final as (

    select
        survivors_after_8.contact_id,
        survivors_after_8.survivor_id as surviving_contact_id,
        companies.surviving_company_id as company_id,
        companies.account_id
    from survivors_after_8
    left join known_contacts
        on survivors_after_8.survivor_id = known_contacts.contact_id
    left join companies
        on trim(known_contacts.company_id) = companies.company_id

)

select * from final
