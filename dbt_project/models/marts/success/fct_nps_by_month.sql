-- Grain: one row per month with an answer to the NPS survey in the period that ends
-- with it. Of each contact the last answer of the period counts. Definitions 8.
with

nps as (

    select * from {{ ref('int_nps_by_segment_month') }}
    where segment_type = 'all'

),

months as (

    select * from {{ ref('int_months') }}

),

final as (

    select
        nps.month,
        cast(nps.respondents as bigint) as respondents,
        cast(nps.promoters as bigint) as promoters,
        cast(nps.passives as bigint) as passives,
        cast(nps.detractors as bigint) as detractors,
        cast(
            {{ round_quotient_to_mrr(
                exact_integer('100 * (nps.promoters - nps.detractors)'),
                exact_integer('nps.respondents')
            ) }} as decimal(9, 4)
        ) as score,
        coalesce(months.is_complete_month, true) as is_complete_month
    from nps
    left join months
        on nps.month = months.month

)

select * from final
