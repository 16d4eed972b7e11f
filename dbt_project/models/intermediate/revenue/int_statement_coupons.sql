-- Grain: one row per subscription item, period start and coupon on its statement.
-- Read from the discounts of the statement's own lines, which are history; only a
-- statement without any falls back on the windows of its subscription or customer,
-- since connectors delete those when a discount ends. Definitions 1.4.
-- Where policy proration_coupons says so, a proration without either keeps the coupons
-- of the renewal that it changes.
with

statements as (

    select *
    from {{ ref('int_item_statements') }}
    where not is_credit

),

counting_lines as (

    select *
    from {{ ref('int_invoice_lines_classified') }}
    where exclusion_reason is null

),

discounts as (

    select * from {{ ref('stg_billing__discounts') }}

),

subscription_discounts as (

    select * from {{ ref('stg_billing__subscription_discounts') }}

),

coupons as (

    select * from {{ ref('stg_billing__coupons') }}

),

prices as (

    select * from {{ ref('int_prices_unioned') }}

),

billing_intervals as (

    select * from {{ ref('billing_intervals') }}

),

run_settings as (

    select * from {{ ref('int_run_settings') }}

),

discounted_lines as (

    select
        counting_lines.*,
        discounts.coupon_id
    from discounts
    inner join counting_lines
        on discounts.discounted_id = counting_lines.invoice_line_item_id
    where
        discounts.is_of_line
        and discounts.is_live
        and not discounts.is_deleted

),

coupons_of_lines as (

    select
        statements.subscription_item_id,
        statements.period_start_at,
        discounted_lines.coupon_id
    from discounted_lines
    inner join statements
        on discounted_lines.invoice_line_item_id = statements.invoice_line_item_id
    where not statements.is_tiered
    union
    -- The lines of a tiered price are one statement, whichever of them was discounted.
    select
        statements.subscription_item_id,
        statements.period_start_at,
        discounted_lines.coupon_id
    from discounted_lines
    inner join statements
        on
            discounted_lines.subscription_item_id = statements.subscription_item_id
            and discounted_lines.invoice_id = statements.invoice_id
            and discounted_lines.price_id = statements.price_id
            and discounted_lines.period_start_at = statements.period_start_at
            and discounted_lines.period_end_at = statements.period_end_at
    where
        statements.is_tiered
        and not discounted_lines.is_credit

),

statements_with_discounts as (

    select distinct
        subscription_item_id,
        period_start_at
    from coupons_of_lines

),

windows as (

    select
        subscription_id,
        customer_id,
        coupon_id,
        coalesce(start_at, {{ start_of_time() }}) as start_at,
        coalesce(end_at, {{ end_of_time() }}) as end_at
    from subscription_discounts
    where
        is_live
        and not is_deleted

),

statements_in_windows as (

    select
        statements.subscription_item_id,
        statements.period_start_at,
        windows.coupon_id
    from windows
    inner join statements
        on
            windows.subscription_id = statements.subscription_id
            and windows.start_at <= statements.period_start_at
            and statements.period_start_at < windows.end_at
    union
    select
        statements.subscription_item_id,
        statements.period_start_at,
        windows.coupon_id
    from windows
    inner join statements
        on
            windows.customer_id = statements.customer_id
            and windows.start_at <= statements.period_start_at
            and statements.period_start_at < windows.end_at
    where windows.subscription_id is null

),

coupons_of_windows as (

    select statements_in_windows.*
    from statements_in_windows
    left join statements_with_discounts
        on
            statements_in_windows.subscription_item_id
            = statements_with_discounts.subscription_item_id
            and statements_in_windows.period_start_at
            = statements_with_discounts.period_start_at
    where statements_with_discounts.subscription_item_id is null

),

coupons_of_statements as (

    select * from coupons_of_lines
    union all
    select * from coupons_of_windows

),

statements_with_coupons as (

    select distinct
        subscription_item_id,
        period_start_at
    from coupons_of_statements

),

-- The last statement of the item before a proration that is none itself.
changed_statements as (

    select
        statements.subscription_item_id,
        statements.period_start_at,
        counting_lines.is_proration,
        max(
            case
                when not counting_lines.is_proration then statements.period_start_at
            end
        ) over (
            partition by statements.subscription_item_id
            order by statements.period_start_at
            rows between unbounded preceding and 1 preceding
        ) as changed_period_start_at
    from statements
    inner join counting_lines
        on statements.invoice_line_item_id = counting_lines.invoice_line_item_id
    cross join run_settings
    where run_settings.proration_coupons = 'of_the_renewal'

),

coupons_of_changed_statements as (

    select
        changed_statements.subscription_item_id,
        changed_statements.period_start_at,
        coupons_of_statements.coupon_id
    from changed_statements
    inner join coupons_of_statements
        on
            changed_statements.subscription_item_id
            = coupons_of_statements.subscription_item_id
            and changed_statements.changed_period_start_at
            = coupons_of_statements.period_start_at
    left join statements_with_coupons
        on
            changed_statements.subscription_item_id
            = statements_with_coupons.subscription_item_id
            and changed_statements.period_start_at
            = statements_with_coupons.period_start_at
    where
        changed_statements.is_proration
        and statements_with_coupons.subscription_item_id is null

),

all_coupons_of_statements as (

    select * from coupons_of_statements
    union all
    select * from coupons_of_changed_statements

),

final as (

    select
        coupons_of_statements.subscription_item_id,
        coupons_of_statements.period_start_at,
        coupons_of_statements.coupon_id,
        statements.invoice_line_item_id,
        statements.subscription_id,
        statements.currency_code,
        coupons.coupon_id is not null as has_coupon,
        coupons.percent_off,
        coupons.amount_off_minor,
        coupons.currency_code as coupon_currency_code,
        coupons.duration,
        coupons.duration_in_months,
        coalesce(
            coupons.duration = 'forever'
            or (
                coupons.duration = 'repeating'
                -- Longer than the price's own interval; else it touches one invoice
                -- only, and is as good as once.
                and coupons.duration_in_months * billing_intervals.intervals_per_year
                > 12 * prices.billing_interval_count
            ),
            false
        ) as is_recurring
    from all_coupons_of_statements as coupons_of_statements
    inner join statements
        on
            coupons_of_statements.subscription_item_id = statements.subscription_item_id
            and coupons_of_statements.period_start_at = statements.period_start_at
    inner join prices
        on statements.price_id = prices.price_id
    left join billing_intervals
        on prices.billing_interval = billing_intervals.billing_interval
    left join coupons
        on coupons_of_statements.coupon_id = coupons.coupon_id

)

select * from final
