-- Grain: one row per account and month at whose end it pays MRR: the band that its
-- health lies in.
with

mrr_measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

final as (

    select
        account_id,
        month,
        case
            when mrr_past_due > 0 then 'red'
            when mrr_at_risk > 0 then 'yellow'
            else 'green'
        end as health_band
    from mrr_measures
    where mrr > 0

)

select * from final
