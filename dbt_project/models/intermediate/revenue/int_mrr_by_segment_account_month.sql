-- Grain: one row per segment type, segment, account and month with an opening or a
-- closing there, or a closing a year before.
with

balances as (

    select * from {{ ref('int_mrr_balances_by_account_price_month') }}

),

-- One narrow aggregate per segment type: a single one over all types would be twice as
-- slow.
final as (

    {%- for segment_type in segment_types().split() %}
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        account_id,
        month,
        {{ sum_mrr('opening') }} as opening,
        {{ sum_mrr('revalued_opening') }} as revalued_opening,
        {{ sum_mrr('closing') }} as closing,
        {{ sum_mrr('arr') }} as arr,
        -- The closing of twelve months before, at its own rate and at this month's.
        {{ sum_mrr('year_ago') }} as year_ago,
        {{ sum_mrr('revalued_year_ago') }} as revalued_year_ago
    from balances
    group by {{ segment_type }}, account_id, month
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from final
