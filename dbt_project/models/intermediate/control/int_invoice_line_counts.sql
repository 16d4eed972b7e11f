-- Grain: one row: how many invoice lines the export has, and what became of them.
with

raw_lines as (

    select count(*) as raw_line_count from {{ ref('stg_billing__invoice_line_items') }}

),

classified_lines as (

    select
        sum(case when exclusion_reason is null then 1 else 0 end)
            as counting_line_count,
        sum(case when exclusion_reason is not null then 1 else 0 end)
            as excluded_line_count
    from {{ ref('int_invoice_lines_classified') }}

),

final as (

    select
        raw_lines.raw_line_count,
        coalesce(classified_lines.counting_line_count, 0) as counting_line_count,
        coalesce(classified_lines.excluded_line_count, 0) as excluded_line_count
    from raw_lines
    cross join classified_lines

)

select * from final
