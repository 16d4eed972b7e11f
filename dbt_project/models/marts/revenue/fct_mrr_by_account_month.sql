-- Grain: one row per account and month in which any of its amounts is not 0.
with

movements as (

    select * from {{ ref('int_mrr_movements_by_account_month') }}

),

churns as (

    select * from {{ ref('int_churns_explained') }}

),

measures as (

    select * from {{ ref('int_mrr_measures_by_account_month') }}

),

usage as (

    select * from {{ ref('int_usage_mrr_by_account_month') }}

),

commitments as (

    select * from {{ ref('int_committed_mrr_by_account_month') }}

),

accounts as (

    select * from {{ ref('int_mrr_service_by_account') }}

),

months as (

    select * from {{ ref('int_months') }}

),

account_months as (

    select
        account_id,
        month
    from movements
    where
        opening <> 0
        or revalued_opening <> 0
        or closing <> 0
    union
    select
        account_id,
        month
    from measures
    where
        gross_mrr <> 0
        or arr <> 0
    union
    select
        account_id,
        month
    from usage
    where usage_mrr_amount <> 0
    union
    select
        account_id,
        month
    from commitments
    where mrr_amount <> 0

),

joined as (

    select
        account_months.account_id,
        account_months.month,
        coalesce(movements.opening, 0) as opening,
        coalesce(movements.revalued_opening, 0) as revalued_opening,
        coalesce(movements.closing, 0) as closing,
        coalesce(measures.arr, 0) as arr,
        movements.movement_type,
        movements.gap_months,
        churns.movement_subtype as churn_subtype,
        coalesce(measures.gross_mrr, 0) as gross_mrr,
        coalesce(measures.mrr, 0) as mrr,
        usage.usage_mrr_amount as usage_mrr,
        coalesce(measures.mrr_past_due, 0) as mrr_past_due,
        coalesce(measures.mrr_at_risk, 0) as mrr_at_risk,
        coalesce(commitments.mrr_amount, 0) as committed_mrr,
        case
            when measures.account_id is null then 0
            else measures.constant_currency_mrr
        end as constant_currency_mrr,
        accounts.cohort_month,
        accounts.initial_mrr
    from account_months
    left join movements
        on
            account_months.account_id = movements.account_id
            and account_months.month = movements.month
    left join churns
        on
            account_months.account_id = churns.account_id
            and account_months.month = churns.month
    left join measures
        on
            account_months.account_id = measures.account_id
            and account_months.month = measures.month
    left join usage
        on
            account_months.account_id = usage.account_id
            and account_months.month = usage.month
    left join commitments
        on
            account_months.account_id = commitments.account_id
            and account_months.month = commitments.month
    left join accounts
        on account_months.account_id = accounts.account_id

),

with_subtypes as (

    select
        *,
        -- Churns of the account so far: a reactivation answers to the last of them.
        sum(case when churn_subtype is not null then 1 else 0 end) over (
            partition by account_id
            order by month
            rows between unbounded preceding and current row
        ) as churn_number
    from joined

),

churns_numbered as (

    select
        account_id,
        churn_number,
        churn_subtype
    from with_subtypes
    where churn_subtype is not null

),

final as (

    select
        with_subtypes.account_id,
        with_subtypes.month,
        cast(with_subtypes.opening as decimal(18, 4)) as opening_mrr_amount,
        {{ movement_amount(
            'new',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as new_amount,
        {{ movement_amount(
            'reactivation',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as reactivation_amount,
        {{ movement_amount(
            'expansion',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as expansion_amount,
        {{ movement_amount(
            'contraction',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as contraction_amount,
        {{ movement_amount(
            'churn',
            'with_subtypes.movement_type',
            'with_subtypes.revalued_opening',
            'with_subtypes.closing'
        ) }} as churn_amount,
        cast(with_subtypes.revalued_opening - with_subtypes.opening as decimal(18, 4))
            as fx_amount,
        cast(with_subtypes.closing as decimal(18, 4)) as closing_mrr_amount,
        with_subtypes.movement_type,
        case
            when with_subtypes.movement_type = 'churn' then with_subtypes.churn_subtype
            when
                with_subtypes.movement_type = 'reactivation'
                and churns_numbered.churn_subtype = 'pause'
                then 'resume'
        end as movement_subtype,
        with_subtypes.gap_months,
        cast(with_subtypes.gross_mrr as decimal(18, 4)) as gross_mrr_amount,
        cast(with_subtypes.gross_mrr - with_subtypes.mrr as decimal(18, 4))
            as discount_mrr_amount,
        cast(with_subtypes.usage_mrr as decimal(18, 4)) as usage_mrr_amount,
        cast(with_subtypes.mrr_past_due as decimal(18, 4)) as mrr_past_due_amount,
        cast(with_subtypes.mrr_at_risk as decimal(18, 4)) as mrr_at_risk_amount,
        cast(
            with_subtypes.closing
            - with_subtypes.mrr_at_risk
            + with_subtypes.committed_mrr
            as decimal(18, 4)
        ) as cmrr_amount,
        cast(with_subtypes.constant_currency_mrr as decimal(18, 4))
            as constant_currency_mrr_amount,
        cast(with_subtypes.arr as decimal(18, 4)) as arr_amount,
        with_subtypes.cohort_month,
        with_subtypes.initial_mrr as initial_mrr_amount,
        months.is_complete_month
    from with_subtypes
    inner join months
        on with_subtypes.month = months.month
    left join churns_numbered
        on
            with_subtypes.account_id = churns_numbered.account_id
            and with_subtypes.churn_number = churns_numbered.churn_number

)

select * from final
