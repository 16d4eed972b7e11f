-- A fit has parameters and a projection, or a reason; a projection begins with
-- everybody and nobody comes back. A returned row is a population, or a month of it,
-- with what does not hold.
with

fits as (

    select * from {{ ref('fct_retention_projection_fits') }}

),

survivals as (

    select * from {{ ref('fct_retention_projection_by_months_since') }}

),

in_order as (

    select
        segment_type,
        segment,
        months_since,
        projected_survival_rate,
        coalesce(
            lag(projected_survival_rate) over (
                partition by segment_type, segment
                order by months_since
            ),
            1
        ) as previous_survival_rate
    from survivals

)

select
    segment_type,
    segment,
    cast(null as integer) as months_since,
    'Parameters without a fit, a fit without parameters, or no reason.' as problem
from fits
where
    (status = 'fitted') <> (coalesce(alpha, 0) > 0 and coalesce(beta, 0) > 0)
    or (status = 'fitted') <> (log_likelihood is not null)
    or (status = 'fitted') <> (mean_absolute_error is not null)
    or (status = 'fitted') <> (coalesce(reason, '') = '')
union all
select
    fits.segment_type,
    fits.segment,
    in_order.months_since,
    'Projected without a fit, or a fit without a projection.' as problem
from fits
left join in_order
    on
        fits.segment_type = in_order.segment_type
        and fits.segment = in_order.segment
where (fits.status = 'fitted') <> (in_order.projected_survival_rate is not null)
union all
select
    segment_type,
    segment,
    months_since,
    'Survival does not begin with 1, or rises.' as problem
from in_order
where
    projected_survival_rate > previous_survival_rate
    or (months_since = 0 and projected_survival_rate <> 1)
