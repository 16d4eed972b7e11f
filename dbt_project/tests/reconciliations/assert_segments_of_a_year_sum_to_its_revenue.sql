-- Whatever revenue of a year is divided by, its segments sum to the revenue of the
-- accounts and to the ARR of the bridge at the last month-end, exactly. A returned row
-- shows both.
with

revenue as (

    select * from {{ ref('fct_revenue_by_account_month') }}

),

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

segment_years as (

    select * from {{ ref('fct_segments_by_year') }}

),

type_pairs as (

    select
        'all' as segment_type,
        'none' as cross_segment_type
    {%- for segment_type in segment_types().split() %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        'none' as cross_segment_type
    {%- endfor %}
    {%- for pair in crossed_segment_types().split() %}
    union all
    select
        '{{ pair.split('*')[0] }}' as segment_type,
        '{{ pair.split('*')[1] }}' as cross_segment_type
    {%- endfor %}

),

revenue_years as (

    select
        extract(year from month) as year,
        sum(net_revenue_reporting_amount) as amount
    from revenue
    group by extract(year from month)

),

last_months as (

    select max(month) as month
    from bridge
    group by extract(year from month)

),

arr_years as (

    select
        extract(year from bridge.month) as year,
        bridge.arr_amount
    from bridge
    inner join last_months
        on bridge.month = last_months.month

),

expected_years as (

    select
        coalesce(revenue_years.year, arr_years.year) as year,
        coalesce(revenue_years.amount, 0) as amount,
        coalesce(arr_years.arr_amount, 0) as arr_amount
    from revenue_years
    full outer join arr_years
        on revenue_years.year = arr_years.year

),

sums as (

    select
        segment_type,
        cross_segment_type,
        year,
        sum(amount) as amount,
        max(total_amount) as total_amount,
        sum(arr_amount) as arr_amount
    from segment_years
    group by segment_type, cross_segment_type, year

)

select
    type_pairs.segment_type,
    type_pairs.cross_segment_type,
    expected_years.year,
    expected_years.amount as expected_amount,
    sums.amount as actual_amount,
    sums.total_amount,
    expected_years.arr_amount as expected_arr_amount,
    sums.arr_amount as actual_arr_amount
from expected_years
cross join type_pairs
left join sums
    on
        type_pairs.segment_type = sums.segment_type
        and type_pairs.cross_segment_type = sums.cross_segment_type
        and expected_years.year = sums.year
where
    coalesce(sums.amount, 0) <> expected_years.amount
    or coalesce(sums.total_amount, 0) <> expected_years.amount
    or coalesce(sums.arr_amount, 0) <> expected_years.arr_amount
