-- Grain: one row per month.
-- From MRR to what was billed, from that to what was recognized, and on to deferred
-- revenue, in the reporting currency. The ends of each step are the published facts,
-- the items between them sums over items, lines and obligations, so that each step is a
-- test:
-- billed = MRR - served from earlier billing - served before billing
-- - served from proration + exchange rates + prepayment - short periods - free service
-- + billed other than priced + coupon spread + rounding - discounts once
-- - unitemised discounts + later, ended, replaced and stopped service + prorations
-- + usage + one-off + not counted + without lines - voided;
-- recognized = billed + voided - reversed by voids + released from earlier billing
-- + earned before billing - deferred from billing - earned in earlier months
-- - credited and written off from billing;
-- opening + billed - recognized - credited - written off = closing
-- = deferred revenue - contract assets;
-- ledger deferred revenue - ledger contract assets
-- = closing + open items + unreconciled.
{%- set renewal_items = [
    'prepayment',
    'short_period',
    'free_service',
    'billed_other_than_priced',
    'coupon_spread',
    'rounding',
    'discount_once',
    'unitemised_discount',
] %}
{%- set line_classes = [
    'later_service',
    'ended_service',
    'replaced_service',
    'stopped_service',
    'proration',
    'usage',
    'one_off',
    'not_counted',
    'without_lines',
] %}
with

bridge as (

    select * from {{ ref('fct_mrr_bridge_by_month') }}

),

account_months as (

    select * from {{ ref('fct_revenue_by_account_month') }}

),

deferred_months as (

    select * from {{ ref('fct_deferred_revenue_by_month') }}

),

item_months as (

    select * from {{ ref('int_item_months_by_billing') }}

),

renewals as (

    select * from {{ ref('int_renewals_compared_by_month') }}

),

billed_lines as (

    select * from {{ ref('int_billed_lines_by_month') }}

),

obligation_months as (

    select * from {{ ref('int_obligation_months_by_billing') }}

),

months as (

    select * from {{ ref('int_months') }}

),

trial_balances as (

    select * from {{ ref('int_trial_balances_by_account_month') }}

),

ledger_accounts as (

    select * from {{ ref('int_ledger_accounts_classified') }}

),

open_items as (

    select * from {{ ref('int_open_items_dated') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

mrr_items as (

    select
        month,
        sum(case when billing_class = 'billed_earlier' then mrr_amount else 0 end)
            as served_from_earlier_billing_amount,
        sum(case when billing_class = 'billed_later' then mrr_amount else 0 end)
            as served_before_billing_amount,
        sum(case when billing_class = 'proration' then mrr_amount else 0 end)
            as served_from_proration_amount,
        sum(
            case
                when billing_class = 'renewal'
                    then mrr_amount_at_invoice_rate - mrr_amount
                else 0
            end
        ) as billing_fx_amount
    from item_months
    group by month

),

renewal_sums as (

    select
        month,
        {%- for item in renewal_items %}
        sum({{ item }}_amount) as {{ item }}_amount{% if not loop.last %},{% endif %}
        {%- endfor %}
    from renewals
    group by month

),

line_items as (

    select
        month,
        reporting_minor_unit_digits,
        {%- for line_class in line_classes %}
        sum(
            case
                when billing_class = '{{ line_class }}' then billed_reporting_minor
                else 0
            end
        ) as {{ line_class }}_minor,
        {%- endfor %}
        sum(case when billing_class = 'voided' then -billed_reporting_minor else 0 end)
            as voided_minor
    from billed_lines
    group by month, reporting_minor_unit_digits

),

obligation_items as (

    select
        month,
        reporting_minor_unit_digits,
        sum(
            case
                when billing_class = 'voided' then -recognized_reporting_minor else 0
            end
        ) as reversed_by_void_minor,
        sum(
            case
                when billing_class = 'billed_earlier' then recognized_reporting_minor
                else 0
            end
        ) as released_from_earlier_billing_minor,
        sum(
            case
                when billing_class = 'not_billed' then recognized_reporting_minor else 0
            end
        ) as earned_before_billing_minor,
        sum(
            case
                when billing_class = 'billed_in_month'
                    then closing_balance_reporting_minor
                else 0
            end
        ) as deferred_from_billing_minor,
        sum(
            case
                when billing_class = 'billed_in_month'
                    then -opening_balance_reporting_minor
                else 0
            end
        ) as earned_in_earlier_months_minor,
        sum(
            case
                when billing_class = 'billed_in_month' then credited_reporting_minor
                else 0
            end
        ) as credited_from_billing_minor,
        sum(
            case
                when billing_class = 'billed_in_month' then written_off_reporting_minor
                else 0
            end
        ) as written_off_from_billing_minor
    from obligation_months
    group by month, reporting_minor_unit_digits

),

account_sums as (

    select
        month,
        sum(billed_reporting_amount) as billed_amount,
        sum(recognized_reporting_amount) as recognized_amount
    from account_months
    group by month

),

deferred_sums as (

    select
        month,
        sum(opening_reporting_amount) as opening_deferred_amount,
        sum(credited_reporting_amount) as credited_amount,
        sum(written_off_reporting_amount) as written_off_amount,
        sum(closing_reporting_amount) as closing_deferred_amount,
        sum(deferred_revenue_reporting_amount) as deferred_revenue_amount,
        sum(contract_asset_reporting_amount) as contract_asset_amount
    from deferred_months
    group by month

),

ledger_balances as (

    select
        trial_balances.month,
        sum(
            case
                when ledger_accounts.account_role = 'deferred_revenue'
                    then -trial_balances.closing_balance_amount
                else 0
            end
        ) as ledger_deferred_revenue_amount,
        sum(
            case
                when ledger_accounts.account_role = 'contract_asset'
                    then trial_balances.closing_balance_amount
                else 0
            end
        ) as ledger_contract_asset_amount
    from trial_balances
    inner join ledger_accounts
        on trial_balances.account_id = ledger_accounts.account_id
    inner join months
        on trial_balances.month = months.month
    where months.is_complete_month
    group by trial_balances.month

),

open_item_sums as (

    select
        months.month,
        sum(open_items.amount) as open_item_amount
    from open_items
    cross join run_settings
    inner join months
        on
            open_items.first_period <= months.month
            and coalesce(open_items.last_period, months.month) >= months.month
    where
        open_items.control = 'deferred_revenue_in_reporting_currency'
        and open_items.currency_code = run_settings.reporting_currency_code
        and not open_items.is_expired
    group by months.month

),

final as (

    select
        months.month,
        months.is_complete_month,
        cast(bridge.closing_mrr_amount as decimal(24, 4)) as mrr_amount,
        {%- for item in [
            'served_from_earlier_billing',
            'served_before_billing',
            'served_from_proration',
            'billing_fx',
        ] %}
        cast(coalesce(mrr_items.{{ item }}_amount, 0) as decimal(24, 4))
            as {{ item }}_amount,
        {%- endfor %}
        {%- for item in renewal_items %}
        cast(coalesce(renewal_sums.{{ item }}_amount, 0) as decimal(24, 4))
            as {{ item }}_amount,
        {%- endfor %}
        {%- for item in line_classes + ['voided'] %}
        coalesce(
            {{ minor_to_amount(
                'line_items.' ~ item ~ '_minor',
                'line_items.reporting_minor_unit_digits'
            ) }},
            0
        ) as {{ item }}_amount,
        {%- endfor %}
        cast(coalesce(account_sums.billed_amount, 0) as decimal(24, 4))
            as billed_amount,
        {%- for item in [
            'reversed_by_void',
            'released_from_earlier_billing',
            'earned_before_billing',
            'deferred_from_billing',
            'earned_in_earlier_months',
            'credited_from_billing',
            'written_off_from_billing',
        ] %}
        coalesce(
            {{ minor_to_amount(
                'obligation_items.' ~ item ~ '_minor',
                'obligation_items.reporting_minor_unit_digits'
            ) }},
            0
        ) as {{ item }}_amount,
        {%- endfor %}
        cast(coalesce(account_sums.recognized_amount, 0) as decimal(24, 4))
            as recognized_amount,
        {%- for item in [
            'opening_deferred',
            'credited',
            'written_off',
            'closing_deferred',
            'deferred_revenue',
        ] %}
        cast(coalesce(deferred_sums.{{ item }}_amount, 0) as decimal(24, 4))
            as {{ item }}_amount,
        {%- endfor %}
        cast(coalesce(deferred_sums.contract_asset_amount, 0) as decimal(24, 4))
            as contract_asset_amount,
        cast(ledger_balances.ledger_deferred_revenue_amount as decimal(24, 4))
            as ledger_deferred_revenue_amount,
        cast(ledger_balances.ledger_contract_asset_amount as decimal(24, 4))
            as ledger_contract_asset_amount,
        case
            when ledger_balances.month is not null
                then
                    cast(
                        coalesce(open_item_sums.open_item_amount, 0) as decimal(24, 4)
                    )
        end as open_item_amount,
        cast(
            ledger_balances.ledger_deferred_revenue_amount
            - ledger_balances.ledger_contract_asset_amount
            - coalesce(deferred_sums.closing_deferred_amount, 0)
            - coalesce(open_item_sums.open_item_amount, 0) as decimal(24, 4)
        ) as unreconciled_amount
    from months
    inner join bridge
        on months.month = bridge.month
    left join mrr_items
        on months.month = mrr_items.month
    left join renewal_sums
        on months.month = renewal_sums.month
    left join line_items
        on months.month = line_items.month
    left join obligation_items
        on months.month = obligation_items.month
    left join account_sums
        on months.month = account_sums.month
    left join deferred_sums
        on months.month = deferred_sums.month
    left join ledger_balances
        on months.month = ledger_balances.month
    left join open_item_sums
        on months.month = open_item_sums.month

)

select * from final
