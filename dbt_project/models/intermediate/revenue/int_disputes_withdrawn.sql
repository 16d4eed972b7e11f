-- Grain: one row per dispute of an invoice for which money left the processor balance:
-- over [withdrawn_at, reinstated_at).
-- The withdrawal and its return are dated; the status of a dispute is not. Without
-- balance transactions only a lost dispute counts, from its creation on.
with

disputes as (

    select * from {{ ref('stg_billing__disputes') }}

),

charges as (

    select * from {{ ref('stg_billing__charges') }}

),

balance_transactions as (

    select * from {{ ref('stg_billing__balance_transactions') }}

),

invoices as (

    select * from {{ ref('int_invoices_billed') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

known_transactions as (

    select balance_transactions.*
    from balance_transactions
    cross join run_settings
    where
        balance_transactions.is_live
        and not balance_transactions.is_deleted
        and {{ is_known_by_the_as_of('balance_transactions.created_at') }}

),

withdrawals as (

    select
        source_id as dispute_id,
        min(created_at) as withdrawn_at
    from known_transactions
    where amount_minor < 0
    group by source_id

),

reinstatements as (

    select
        known_transactions.source_id as dispute_id,
        min(known_transactions.created_at) as reinstated_at
    from known_transactions
    inner join withdrawals
        on known_transactions.source_id = withdrawals.dispute_id
    where
        known_transactions.amount_minor > 0
        and known_transactions.created_at >= withdrawals.withdrawn_at
    group by known_transactions.source_id

),

final as (

    select
        disputes.dispute_id,
        charges.charge_id,
        invoices.invoice_id,
        disputes.amount_minor,
        coalesce(withdrawals.withdrawn_at, disputes.created_at) as withdrawn_at,
        reinstatements.reinstated_at
    from disputes
    cross join run_settings
    inner join charges
        on disputes.charge_id = charges.charge_id
    inner join invoices
        on charges.invoice_id = invoices.invoice_id
    left join withdrawals
        on disputes.dispute_id = withdrawals.dispute_id
    left join reinstatements
        on disputes.dispute_id = reinstatements.dispute_id
    where
        disputes.is_live
        and not disputes.is_deleted
        and {{ is_known_by_the_as_of('disputes.created_at') }}
        and (
            withdrawals.dispute_id is not null
            or disputes.dispute_status = 'lost'
        )

)

select * from final
