-- Class amounts are never negative, and an account is in at most one class a month, the
-- one it is labelled with.
select
    account_id,
    month,
    movement_type,
    new_amount,
    reactivation_amount,
    expansion_amount,
    contraction_amount,
    churn_amount
from {{ ref('fct_mrr_by_account_month') }}
where
    new_amount < 0
    or reactivation_amount < 0
    or expansion_amount < 0
    or contraction_amount < 0
    or churn_amount < 0
    or opening_mrr_amount < 0
    or closing_mrr_amount < 0
    or case when new_amount > 0 then 'new' else '' end
    || case when reactivation_amount > 0 then 'reactivation' else '' end
    || case when expansion_amount > 0 then 'expansion' else '' end
    || case when contraction_amount > 0 then 'contraction' else '' end
    || case when churn_amount > 0 then 'churn' else '' end
    <> coalesce(movement_type, '')
