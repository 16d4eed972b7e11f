-- Grain: one row per document of hosting lines, month and environment: the ratio of
-- what is tagged production to what is tagged development.
-- It is that of the charges of the document's own invoice; where there are none, or
-- none that are tagged, that of all charges of the month; where there are none either,
-- all is production. Of a ratio a cost below 0 counts as none. Shared and untagged
-- costs follow the ratio.
with

expense_lines as (

    select * from {{ ref('int_expense_lines_classified') }}

),

cloud_costs as (

    select * from {{ ref('int_cloud_costs_by_invoice_month') }}

),

documents as (

    select distinct
        coalesce(document_id, '') as document_id,
        month
    from expense_lines
    where
        account_role = 'hosting'
        and bucket = 'hosting'

),

invoice_costs as (

    select
        invoice_id,
        {{ tagged_cost('effective_cost_in_currency', 'production') }} as production,
        {{ tagged_cost('effective_cost_in_currency', 'development') }} as development
    from cloud_costs
    where invoice_id <> ''
    group by invoice_id

),

month_costs as (

    select
        month,
        {{ tagged_cost('effective_cost', 'production') }} as production,
        {{ tagged_cost('effective_cost', 'development') }} as development
    from cloud_costs
    group by month

),

ratios as (

    select
        documents.document_id,
        documents.month,
        case
            when invoice_costs.production + invoice_costs.development > 0
                then greatest(invoice_costs.production, 0)
            when month_costs.production + month_costs.development > 0
                then greatest(month_costs.production, 0)
            else 1
        end as production,
        case
            when invoice_costs.production + invoice_costs.development > 0
                then greatest(invoice_costs.development, 0)
            when month_costs.production + month_costs.development > 0
                then greatest(month_costs.development, 0)
            else 0
        end as development
    from documents
    left join invoice_costs
        on documents.document_id = invoice_costs.invoice_id
    left join month_costs
        on documents.month = month_costs.month

),

shares as (

    select
        document_id,
        month,
        'production' as environment,
        production as share_quantity,
        production + development as share_total
    from ratios
    union all
    select
        document_id,
        month,
        'development' as environment,
        development as share_quantity,
        production + development as share_total
    from ratios

),

final as (

    select
        document_id,
        month,
        environment,
        cast(share_quantity as decimal(24, 6)) as share_quantity,
        cast(share_total as decimal(24, 6)) as share_total
    from shares
    where share_quantity > 0

)

select * from final
