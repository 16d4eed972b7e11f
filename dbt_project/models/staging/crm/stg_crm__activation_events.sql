-- Grain: one row per company, event and time: a first use that shows value.
with

source as (

    select * from {{ source('crm', 'activation_event') }}

),

final as (

    select
        company_id,
        event as event_name,
        occurred_at
    from source

)

select * from final
