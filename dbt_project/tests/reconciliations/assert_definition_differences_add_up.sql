-- Per definition set and month: the differences by account and policy are the set's MRR
-- less ours.
with

comparison as (

    select * from {{ ref('fct_definition_comparison_by_month') }}

),

our_definition as (

    select
        month,
        mrr_amount
    from comparison
    where definition_set = 'tieout'

),

differences as (

    select
        definition_set,
        month,
        sum(difference_amount) as difference_amount
    from {{ ref('fct_definition_comparison_by_account_month') }}
    group by definition_set, month

)

select
    comparison.definition_set,
    comparison.month,
    comparison.mrr_amount,
    our_definition.mrr_amount as our_mrr_amount,
    differences.difference_amount
from comparison
left join our_definition
    on comparison.month = our_definition.month
left join differences
    on
        comparison.definition_set = differences.definition_set
        and comparison.month = differences.month
where
    comparison.mrr_amount - our_definition.mrr_amount
    is distinct from coalesce(differences.difference_amount, 0)
