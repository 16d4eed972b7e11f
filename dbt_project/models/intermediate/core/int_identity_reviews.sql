-- Grain: one row per pair of records that could be one and that nobody has decided
-- about, with the accounts that would become one.
with

pairs as (

    select * from {{ ref('stg_identity__pairs') }}

),

members as (

    select * from {{ ref('int_account_members') }}

),

accounts_by_object as (

    select
        object_type,
        source_id,
        account_id
    from members

),

reviews as (

    select *
    from pairs
    where status = 'review'

),

final as (

    select
        reviews.object_type,
        reviews.left_id,
        reviews.right_id,
        reviews.rule,
        reviews.score,
        reviews.evidence,
        left_accounts.account_id as left_account_id,
        -- A customer and an entity of the ledger are held against companies and
        -- customers.
        coalesce(
            right_accounts.account_id,
            right_companies.account_id,
            right_customers.account_id
        ) as right_account_id
    from reviews
    left join accounts_by_object as left_accounts
        on
            reviews.object_type = left_accounts.object_type
            and reviews.left_id = left_accounts.source_id
    left join accounts_by_object as right_accounts
        on
            reviews.object_type in ('company', 'contact')
            and right_accounts.object_type = reviews.object_type
            and reviews.right_id = right_accounts.source_id
    left join accounts_by_object as right_companies
        on
            reviews.object_type in ('customer', 'entity')
            and right_companies.object_type = 'company'
            and reviews.right_id = right_companies.source_id
    left join accounts_by_object as right_customers
        on
            reviews.object_type in ('customer', 'entity')
            and right_customers.object_type = 'customer'
            and reviews.right_id = right_customers.source_id

)

select * from final
