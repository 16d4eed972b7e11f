-- Grain: one row per contact that the CRM names. Who the person is stays out.
with

source as (

    select * from {{ source('identity', 'contacts') }}

),

final as (

    select
        contact_id,
        surviving_contact_id,
        cast(member_number as integer) as member_number,
        match_method,
        match_score,
        company_id,
        is_in_export
    from source

)

select * from final
