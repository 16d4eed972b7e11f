-- Every published number ties out. A returned row is a control whose two sides differ
-- in so many months, the first of them with its difference, and, largest first, what
-- makes it: a customer or document whose raw rows do not meet.
with

failing as (

    select
        control,
        dimension,
        currency_code,
        count(*) as failing_periods,
        min(period) as first_period
    from {{ ref('fct_controls_by_period') }}
    where
        status = 'fails'
        and is_blocking
    group by control, dimension, currency_code

)

select
    failing.control,
    failing.first_period,
    failing.failing_periods,
    failing.dimension,
    failing.currency_code,
    controls.expected_amount,
    controls.actual_amount,
    controls.difference_amount,
    differences.period as arose_in,
    differences.match_key,
    differences.difference_amount as explained_amount,
    differences.raw_rows,
    controls.explanation
from failing
inner join {{ ref('fct_controls_by_period') }} as controls
    on
        failing.control = controls.control
        and failing.dimension = controls.dimension
        and failing.currency_code = controls.currency_code
        and failing.first_period = controls.period
left join {{ ref('fct_control_differences') }} as differences
    on
        failing.control = differences.control
        and failing.dimension = differences.dimension
        and failing.currency_code = differences.currency_code
        and (
            failing.first_period = differences.period
            or (
                differences.is_balance
                and failing.first_period > differences.period
            )
        )
order by
    failing.first_period asc,
    failing.control asc,
    failing.dimension asc,
    failing.currency_code asc,
    abs(differences.difference_amount) desc,
    differences.match_key asc
