-- A control that only reports must exist: a misspelt name would let nothing pass.
with

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

control_names as (

    select control from {{ ref('controls') }}
    union
    select control from {{ ref('fct_controls_by_period') }}

),

named as (

    select
        run_settings.controls_that_only_report,
        sum(
            case
                when
                    ' ' || run_settings.controls_that_only_report || ' '
                    like '% ' || control_names.control || ' %'
                    then 1
                else 0
            end
        ) as known_count
    from run_settings
    cross join control_names
    group by run_settings.controls_that_only_report

)

select
    'policy.metric_policies' as raw_table,
    'controls_that_only_report' as row_id,
    'policy_value' as column_name,
    controls_that_only_report as rejected_value,
    'Expected names of controls, each once and separated by one blank.' as reason
from named
where
    controls_that_only_report <> ''
    and known_count
    <> length(controls_that_only_report)
    - length(replace(controls_that_only_report, ' ', ''))
    + 1
