-- Every published number ties out. A returned row is a control whose two sides differ,
-- with the difference.
select
    control,
    period,
    dimension,
    currency_code,
    expected_amount,
    actual_amount,
    difference_amount,
    explanation
from {{ ref('fct_controls_by_period') }}
where status = 'fails'
