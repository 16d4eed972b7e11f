-- Grain: one row per segment type, segment and month with an answer to the NPS survey
-- in the period of policy nps_period_months that ends with the month; segment type and
-- segment 'all' are the company as a whole.
-- Of each contact the last answer of the period counts, in the segment that the account
-- it speaks for has in the month; one that speaks for no account is in 'unknown'.
with

feedback as (

    select * from {{ ref('int_feedback_answered') }}

),

months as (

    select * from {{ ref('int_months') }}

),

segments as (

    select * from {{ ref('int_account_segments_dated') }}

),

health_bands as (

    select * from {{ ref('int_health_bands_by_account_month') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

answers_numbered as (

    select
        months.month,
        feedback.account_id,
        feedback.answer,
        row_number() over (
            partition by months.month, feedback.respondent_id
            order by feedback.submitted_at desc, feedback.feedback_id desc
        ) as answer_number
    from months
    cross join run_settings
    inner join feedback
        on
            months.month >= feedback.month
            and {{ add_months(
                'months.month', '1 - run_settings.nps_period_months'
            ) }} <= feedback.month

),

segmented as (

    select
        answers_numbered.month,
        answers_numbered.answer,
        {%- for segment_type in dated_segment_types().split() %}
        coalesce(segments.{{ segment_type }}, 'unknown') as {{ segment_type }},
        {%- endfor %}
        coalesce(health_bands.health_band, 'unknown') as health_band
    from answers_numbered
    left join segments
        on
            answers_numbered.account_id = segments.account_id
            and answers_numbered.month >= segments.valid_from
            and answers_numbered.month < segments.valid_to
    left join health_bands
        on
            answers_numbered.account_id = health_bands.account_id
            and answers_numbered.month = health_bands.month
    where answers_numbered.answer_number = 1

),

unpivoted as (

    select
        'all' as segment_type,
        'all' as segment,
        month,
        answer
    from segmented
    {%- for segment_type in account_segment_types().split() %}
    union all
    select
        '{{ segment_type }}' as segment_type,
        {{ segment_type }} as segment,
        month,
        answer
    from segmented
    {%- endfor %}

),

final as (

    select
        segment_type,
        segment,
        month,
        count(*) as respondents,
        sum(case when answer >= 9 then 1 else 0 end) as promoters,
        sum(case when answer >= 7 and answer <= 8 then 1 else 0 end) as passives,
        sum(case when answer <= 6 then 1 else 0 end) as detractors
    from unpivoted
    group by segment_type, segment, month

)

select * from final
