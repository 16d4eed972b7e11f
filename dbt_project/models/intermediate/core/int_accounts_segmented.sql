-- Grain: one row per account, with the segments that it belongs to as a whole today:
-- the last of int_account_segments_dated.
with

dated as (

    select * from {{ ref('int_account_segments_dated') }}

),

final as (

    select
        account_id,
        country,
        region,
        vertical,
        organization_size,
        acquisition_channel,
        region_vertical,
        company_deployment
    from dated
    where valid_to = {{ end_of_all_months() }}

)

select * from final
