-- Grain: one row per pair of records (object type, left id, right id) that could be one
-- and that nobody has decided about, with what each of them says. Restricted.
with

reviews as (

    select * from {{ ref('fct_identity_reviews') }}

),

contacts as (

    select * from {{ ref('dim_contacts_restricted') }}

),

companies as (

    select * from {{ ref('dim_companies_restricted') }}

),

customers as (

    select * from {{ ref('dim_billing_customers_restricted') }}

),

cards as (

    select
        'contact' as object_type,
        contact_id as object_id,
        case
            when first_name is not null or last_name is not null
                then trim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))
        end as card_name,
        email,
        phone
    from contacts
    union all
    select
        'company' as object_type,
        company_id as object_id,
        company_name as card_name,
        domain_name as email,
        phone
    from companies
    union all
    select
        'customer' as object_type,
        customer_id as object_id,
        customer_name as card_name,
        email,
        phone
    from customers

),

final as (

    select
        reviews.object_type,
        reviews.left_id,
        reviews.right_id,
        reviews.rule,
        reviews.score,
        reviews.evidence,
        left_cards.card_name as left_name,
        right_cards.card_name as right_name,
        left_cards.email as left_address,
        right_cards.email as right_address,
        left_cards.phone as left_phone,
        right_cards.phone as right_phone
    from reviews
    left join cards as left_cards
        on
            reviews.object_type = left_cards.object_type
            and reviews.left_id = left_cards.object_id
    -- Whatever stands on the left, a company stands on the right, or a billing
    -- customer, unless it is of contacts.
    left join customers
        on
            reviews.object_type in ('customer', 'entity')
            and reviews.right_id = customers.customer_id
    left join cards as right_cards
        on
            reviews.right_id = right_cards.object_id
            and right_cards.object_type = case
                when reviews.object_type = 'contact' then 'contact'
                when customers.customer_id is not null then 'customer'
                else 'company'
            end

)

select * from final
