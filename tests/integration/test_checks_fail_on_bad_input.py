"""Every data test of the dbt project holds on good rows and fails on bad ones, naming what is wrong.

Add a case when a test gains a rule: bad rows put into the models that the test reads, and what its answer
must say. Generic tests are broken column by column from their declaration; singular tests have a table of
cases.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.integration.conftest import DbtBuild

LINES = "intermediate.int_invoice_lines_classified"
PRICES = "intermediate.int_prices_unioned"
TIERS = "intermediate.int_price_tiers_bounded"
POLICIES = "intermediate.int_policies"
PRODUCTS = "intermediate.int_products_described"
RAW_LINES = "staging.stg_billing__invoice_line_items"
CHANGES = "intermediate.int_item_mrr_changes"
MONTH_RATES = "intermediate.int_exchange_rates_by_month"
RATES = "intermediate.int_exchange_rates"
ITEM_MONTHS = "intermediate.int_item_mrr_by_month"
SERVICE = "intermediate.int_item_service_intervals"
VALUED = "intermediate.int_price_quantities_valued"
ACCOUNT_MONTHS = "marts.fct_mrr_by_account_month"
CURRENCY_MONTHS = "marts.fct_mrr_by_account_currency_month"
EVENTS = "marts.fct_mrr_events"
BRIDGE = "marts.fct_mrr_bridge_by_month"
SEGMENT_BRIDGE = "marts.fct_mrr_bridge_by_segment_month"
SEGMENT_MAPPINGS = "intermediate.int_segment_mappings_overridden"
COMPANY_PROPERTIES = "intermediate.int_company_properties_dated"
COUNTRY_NAMES = "intermediate.int_country_names"
DECISIONS = "staging.stg_policy__identity_decisions"
DECISION_PROBLEMS = "staging.stg_identity__problems"
CUSTOMER_ACCOUNTS = "intermediate.int_accounts_crosswalked"
COMPANIES = "staging.stg_crm__companies"
COMPANY_ACCOUNTS = "intermediate.int_companies_crosswalked"
PRODUCT_USES = "staging.stg_crm__product_usages"
COMPANY_HISTORY = "staging.stg_crm__company_property_history"
MEMBERS = "marts.dim_account_members"
ACCOUNTS = "marts.dim_accounts"
ACCOUNT_SEGMENTS = "intermediate.int_account_segments_dated"
SEGMENT_YEARS = "marts.fct_segments_by_year"
SEGMENT_MOVEMENTS = "intermediate.int_mrr_movements_by_segment_account_month"
METRICS = "marts.fct_subscription_metrics_by_month"
SEGMENT_METRICS = "marts.fct_subscription_metrics_by_segment_month"
CONTROLS = "marts.fct_controls_by_period"
CONTROL_NAMES = "reference.controls"
DIFFERENCES = "marts.fct_control_differences"
CURRENCIES = "reference.iso_4217_currencies"
OPEN_ITEMS = "staging.stg_policy__open_items"
SETTINGS = "intermediate.int_run_settings"
DEFINITION_POLICIES = "intermediate.int_definition_policies"
COMPANY_DEFINITIONS = "staging.stg_policy__definition_sets"
DEFAULT_DEFINITIONS = "reference.definition_sets"
DEFINITIONS = "marts.fct_definition_comparison_by_month"
DEFINITION_DIFFERENCES = "marts.fct_definition_comparison_by_account_month"
COMMITTED = "intermediate.int_committed_items"
CUSTOMERS = "intermediate.int_billing_customers_unioned"
SUBSCRIPTIONS = "intermediate.int_subscriptions_visible"
COUPONS = "intermediate.int_statement_coupons"
DISCOUNTS = "intermediate.int_statement_discounts"
COMMITMENTS = "intermediate.int_committed_mrr_by_account_month"
USAGE = "intermediate.int_usage_mrr_by_account_month"
INVOICES = "intermediate.int_invoices_billed"
INVOICE_RATES = "intermediate.int_exchange_rates_by_invoice"
REDUCTIONS = "intermediate.int_invoice_reductions"
REDUCED = "intermediate.int_invoice_reductions_by_obligation"
MOVEMENTS = "intermediate.int_processor_movements"
RAW_INVOICES = "staging.stg_billing__invoices"
RAW_CHARGES = "staging.stg_billing__charges"
RAW_CREDIT_NOTES = "staging.stg_billing__credit_notes"
RAW_CREDIT_NOTE_LINES = "staging.stg_billing__credit_note_line_items"
RAW_REFUNDS = "staging.stg_billing__refunds"
RAW_DISPUTES = "staging.stg_billing__disputes"
LEDGER_TRANSACTIONS = "staging.stg_ledger__transactions"
SEGMENT_MONTHS = "intermediate.int_mrr_by_segment_account_month"
COHORT_MONTHS = "marts.fct_retention_by_cohort_month"
COHORT_QUARTERS = "marts.fct_retention_by_cohort_quarter"
COHORT_SEGMENTS = "marts.fct_retention_by_segment_cohort_month"
FITS = "marts.fct_retention_projection_fits"
PROJECTIONS = "marts.fct_retention_projection_by_months_since"
ROLES = "intermediate.int_account_roles_overridden"
LEDGER_ACCOUNTS = "intermediate.int_ledger_accounts_classified"
LEDGER_ENTRIES = "intermediate.int_ledger_entries_described"
LEDGER_LINES = "intermediate.int_ledger_lines"
ACCOUNTING_LINES = "staging.stg_ledger__transaction_accounting_lines"
REVENUE = "intermediate.int_revenue_by_obligation_month"
BRIDGED_ITEMS = "intermediate.int_item_months_by_billing"
BRIDGED_LINES = "intermediate.int_billed_lines_by_month"
BRIDGED_OBLIGATIONS = "intermediate.int_obligation_months_by_billing"
RENEWALS = "intermediate.int_renewals_compared_by_month"
COST_RULES = "intermediate.int_cost_rules_overridden"
COST_MAPPINGS = "intermediate.int_cost_mappings_overridden"
ALLOCATION_RULES = "intermediate.int_allocation_rules_overridden"
BENCHMARKS = "intermediate.int_benchmarks_overridden"
EXPENSE_LINES = "intermediate.int_expense_lines"
EXPENSE_COMBINATIONS = "intermediate.int_expense_combinations_classified"
COST_LINES = "intermediate.int_cost_lines"
SURVEYS = "intermediate.int_time_surveys_mapped"
EMPLOYEES = "intermediate.int_employees_described"
ASSIGNMENTS = "intermediate.int_employee_assignments_dated"
DEPARTMENT_RULES = "intermediate.int_departments_classified"
EMPLOYEE_MONTHS = "intermediate.int_headcount_by_employee_month"
HEADCOUNT = "intermediate.int_headcount_by_month"
ASSETS = "intermediate.int_assets_described"
ASSET_MONTHS = "intermediate.int_asset_amortization_by_month"
CLOUD_COSTS = "intermediate.int_cloud_costs_by_invoice_month"
RAW_CLOUD_COSTS = "staging.stg_ledger__cloud_costs"
RAW_EMPLOYEES = "staging.stg_ledger__employees"
RAW_ASSIGNMENTS = "staging.stg_ledger__employee_assignments"
RAW_SURVEYS = "staging.stg_ledger__time_surveys"
OVERHEAD = "intermediate.int_overhead_flows_by_month"
ACCOUNT_POOLS = "intermediate.int_account_cost_pools_by_month"
ACCOUNT_COSTS = "intermediate.int_costs_by_account_month"
OPERATING_COSTS = "intermediate.int_operating_costs_by_month"
PROCESSOR_FEES = "intermediate.int_processor_fees_by_account_month"
ALLOCATIONS = "marts.fct_cost_allocations"
COSTS_OF_REVENUE = "marts.fct_cost_of_revenue_by_account_month"
COST_OF_REVENUE_LINES = "marts.fct_cost_of_revenue_lines_by_month"
MARGINS = "marts.fct_gross_margin_by_month"
ACCOUNT_MARGINS = "marts.fct_gross_margin_by_account_month"
SEGMENT_MARGINS = "marts.fct_gross_margin_by_segment_month"
ACCOUNT_REVENUE = "marts.fct_revenue_by_account_month"
COST_DRIVERS = "intermediate.int_cost_drivers_by_account_month"
HEALTH_MEASURES = "intermediate.int_health_measures_overridden"
SUPPORT_HOURS = "intermediate.int_support_hours_overridden"
FEEDBACK = "intermediate.int_feedback_answered"
ACCOUNT_SEGMENT_TYPES = (
    *("country", "region", "vertical", "organization_size", "acquisition_channel"),
    *("region_vertical", "health_band"),
)
NPS_MONTHS = "marts.fct_nps_by_month"
NPS_SEGMENTS = "marts.fct_nps_by_segment_month"
FUNNEL = "marts.fct_funnel_by_month"
PIPELINE = "marts.fct_pipeline_by_month"
VELOCITY = "marts.fct_sales_velocity_by_month"
CHANNEL_COSTS = "marts.fct_acquisition_costs_by_channel_month"
UNIT_ECONOMICS = "marts.fct_unit_economics_by_month"
LEADS = "intermediate.int_leads"
DEAL_MONTHS = "intermediate.int_deals_by_month"
PIPELINE_MONTHS = "intermediate.int_pipeline_months"
CHANNEL_SPEND = "intermediate.int_marketing_spend_by_channel_month"
RAW_CONTACTS = "staging.stg_crm__contacts"
RAW_FORMS = "staging.stg_crm__contact_form_submissions"
RAW_SCORES = "staging.stg_crm__contact_property_history"
RAW_VISITS = "staging.stg_crm__web_visits"
RAW_SPEND = "staging.stg_crm__marketing_spends"
RAW_DEALS = "staging.stg_crm__deals"
RAW_DEAL_STAGES = "staging.stg_crm__deal_stages"
RAW_PIPELINE_STAGES = "staging.stg_crm__deal_pipeline_stages"
DEAL_VALUES = "intermediate.int_deal_property_values"


OF_BILLING = ("receivables", "revenue_slices_sum_to_invoices", "deferred_revenue_roll_forward")
BILLED = {"total_minor": 119, "net_minor": 100, "line_net_minor": 100}
FREE = dict.fromkeys(BILLED, 0)
OF_COSTS = ("expenses_by_account", "fixed_assets", "cloud_bill")
OF_THE_LEDGER = (
    "ledger_entries_balance",
    "trial_balance_in_total",
    "ledger_accounts_are_known",
    "ledger_periods_are_known",
)


@dataclass(frozen=True)
class Case:
    """Rows put into tables (by name, a list of rows each), and what the test must then return.

    Attributes:
        rows: table to rows; columns that a row leaves out are NULL.
        says: texts of which each must stand in some returned row; none where the rows are good.
    """

    rows: dict[str, list[dict[str, Any]]]
    says: tuple[str, ...] = ()


def at(day: str) -> datetime:
    """Midnight of a day as the warehouse holds it, UTC without a zone."""
    return datetime.fromisoformat(day)


def price(**columns: Any) -> dict[str, Any]:
    """A row of a sound recurring price, with some columns otherwise."""
    sound = {
        "price_id": "p",
        "price_type": "recurring",
        "billing_scheme": "per_unit",
        "unit_amount_minor": 100,
    }
    interval = {
        "billing_interval": "month",
        "billing_interval_count": 1,
        "is_live": True,
        "minor_unit_digits": 2,
    }
    return {**sound, **interval, "currency_code": "USD", **columns}


def line(**columns: Any) -> dict[str, Any]:
    """A row of a sound counting line, with some columns otherwise."""
    sound = {"invoice_line_item_id": "il", "price_id": "p", "quantity": 1, "currency_code": "USD"}
    period = {"period_start_at": at("2024-01-01"), "period_end_at": at("2024-02-01")}
    return {**sound, **period, **columns}


def proration(line_id: str, amount: int) -> dict[str, Any]:
    """A row of a counting proration of one item and moment."""
    place = {"invoice_id": "in", "subscription_item_id": "si"}
    return line(invoice_line_item_id=line_id, is_proration=True, amount_minor=amount, **place)


def cost_pool(amount_minor: int, driver_total: Decimal | int | None) -> dict[str, Any]:
    """A row of the hosting cost of January 2024, by compute units."""
    place = {"month": date(2024, 1, 1), "pool": "hosting", "bucket": "hosting"}
    return {**place, "amount_minor": amount_minor, "driver": "compute_units", "driver_total": driver_total}


def cost_driver(quantity: int) -> dict[str, Any]:
    """A row of the compute units of an account in January 2024."""
    return {"driver": "compute_units", "month": date(2024, 1, 1), "account_id": "a", "quantity": quantity}


def tier(number: int, units_from: int, units_up_to: int | None, *, last: bool) -> dict[str, Any]:
    """A row of a tier of price p."""
    bounds = {"units_from": units_from, "units_up_to": units_up_to}
    return {"price_id": "p", "tier_number": number, **bounds, "is_last_tier": last, "unit_amount_minor": 1}


def control(**columns: Any) -> dict[str, Any]:
    """A control of receivables for one month, which blocks."""
    return {
        "control": "receivables",
        "period": date(2024, 1, 1),
        "dimension": "all",
        "currency_code": "USD",
        "is_blocking": True,
    } | columns


def open_item(**columns: Any) -> dict[str, Any]:
    return {
        "open_item": "o",
        "control": "receivables",
        "first_period": date(2024, 1, 1),
        "last_period": date(2024, 2, 1),
        "currency_code": "USD",
        "amount": 1,
        "owner": "Finance",
        "reason": "Posted by hand.",
        "expires_on": date(2024, 3, 31),
    } | columns


def account_month(**columns: Any) -> dict[str, Any]:
    """A row of an account that neither opens nor closes with anything, with some columns otherwise."""
    amounts = ("opening_mrr", "new", "reactivation", "expansion", "contraction", "churn", "fx", "closing_mrr")
    return {
        "account_id": "a",
        "month": date(2024, 1, 1),
        **{f"{name}_amount": 0 for name in amounts},
        **columns,
    }


def currency_month(opening: int, closing: int) -> dict[str, Any]:
    """A row of an account's dollars in January 2024."""
    balances = {"opening_mrr_amount_in_currency": opening, "closing_mrr_amount_in_currency": closing}
    return {"account_id": "a", "currency_code": "USD", "month": date(2024, 1, 1), **balances}


def event(amount: int, day: date = date(2024, 1, 31)) -> dict[str, Any]:
    """A row of a change of an account's dollars."""
    return {"account_id": "a", "currency_code": "USD", "event_date": day, "change_amount_in_currency": amount}


ACCOUNT_TYPES = (
    "country",
    "region",
    "vertical",
    "organization_size",
    "acquisition_channel",
    "region_vertical",
    "health_band",
)
SEGMENT_TYPES = (*ACCOUNT_TYPES, "product", "plan", "currency", "service_type", "deployment")
CLASSES = ("new", "reactivation", "expansion", "contraction", "churn")
BRIDGE_AMOUNTS = tuple(f"{name}_amount" for name in ("opening_mrr", *CLASSES, "fx", "closing_mrr", "arr"))
BRIDGE_COUNTS = tuple(
    f"{name}_count"
    for name in (*(f"{name}_account" for name in ("opening", *CLASSES, "closing")), "intra_month_churn")
)
RETAINED = ("nrr_account_count", "nrr_numerator_amount", "nrr_denominator_amount", "grr_numerator_amount")
FLOWS = ("revalued_opening_mrr_amount", "nrr_flow_numerator_amount", "grr_flow_numerator_amount")
LOSSES = (
    *("opening_account_count", "churn_account_count"),
    *(f"{name}_mrr_churn_numerator_amount" for name in ("gross", "net")),
    *(f"quick_ratio_{name}_amount" for name in ("numerator", "strict_numerator", "denominator")),
)


def bridge(month: date = date(2024, 1, 1), /, **columns: Any) -> dict[str, Any]:
    """A row of a month of the company in which nothing was, with some columns otherwise."""
    return {"month": month, **dict.fromkeys(BRIDGE_AMOUNTS + BRIDGE_COUNTS, 0), **columns}


def segment_bridge(
    segment_type: str = "product", month: date = date(2024, 1, 1), /, **columns: Any
) -> dict[str, Any]:
    """The same of a segment."""
    transfers = {"transfer_in_amount": 0, "transfer_out_amount": 0}
    return {"segment_type": segment_type, "segment": "s", **bridge(month, **transfers), **columns}


def segment_movement(segment: str, **columns: Any) -> dict[str, Any]:
    """A row of an account's month in a product, in which nothing moved but what is given."""
    amounts = {f"{name}_amount": 0 for name in (*CLASSES, "transfer_in", "transfer_out")}
    place = {"segment_type": "product", "segment": segment, "account_id": "a", "month": date(2024, 1, 1)}
    return {**place, **amounts, **columns}


def metrics(**columns: Any) -> dict[str, Any]:
    """A row of a month's ratios of the company, all numerators and denominators 0, with some otherwise."""
    return {"month": date(2024, 1, 1), **dict.fromkeys(RETAINED + FLOWS + LOSSES, 0), **columns}


def segment_metrics(segment_type: str = "country", /, **columns: Any) -> dict[str, Any]:
    """The same of a segment."""
    return {"segment_type": segment_type, "segment": "s", **metrics(), **columns}


def cohort(**columns: Any) -> dict[str, Any]:
    """A row of a cohort of one account in its own month, with some columns otherwise."""
    amounts = {f"{name}_amount": 10 for name in ("cohort_mrr", "retained_mrr", "gross_retained_mrr")}
    rates = {"logo_rate": 1, "net_revenue_rate": 1, "gross_revenue_rate": 1}
    place = {"cohort_month": date(2024, 1, 1), "months_since": 0, "month": date(2024, 1, 1)}
    return {**place, "cohort_accounts": 1, "retained_accounts": 1, **amounts, **rates, **columns}


def cohort_quarter(**columns: Any) -> dict[str, Any]:
    """The same by quarter, read at the end of the last month."""
    place = {"cohort_quarter": date(2024, 1, 1), "quarters_since": 0, "quarter": date(2024, 1, 1)}
    other = {name: value for name, value in cohort().items() if name not in ("cohort_month", "months_since")}
    return {**other, **place, "month": date(2024, 3, 1), **columns}


def cohort_segment(**columns: Any) -> dict[str, Any]:
    """The same of a segment by month."""
    return {"segment_type": "product", "segment": "s", **cohort(**columns)}


def segment_month(**columns: Any) -> dict[str, Any]:
    """A row of an account's month in a product."""
    place = {"segment_type": "product", "segment": "s", "account_id": "a", "month": date(2024, 1, 1)}
    return {**place, "opening": 0, "closing": 10, **columns}


def fit(**columns: Any) -> dict[str, Any]:
    """A row of a fitted population, with some columns otherwise."""
    numbers = {"alpha": 1, "beta": 2, "log_likelihood": -3, "mean_absolute_error": 0}
    return {"segment_type": "all", "segment": "all", "status": "fitted", **numbers, **columns}


def refusal(**columns: Any) -> dict[str, Any]:
    """A row of a population that was not fitted, with some columns otherwise."""
    numbers = dict.fromkeys(("alpha", "beta", "log_likelihood", "mean_absolute_error"))
    return fit(**{**numbers, "status": "refused", "reason": "Too few accounts.", **columns})


def projected(*shares: float | None) -> list[dict[str, Any]]:
    """The months of a population's projection, from 0."""
    population = {"segment_type": "all", "segment": "all"}
    return [
        {**population, "months_since": month, "projected_survival_rate": share}
        for month, share in enumerate(shares)
    ]


def service(valid_from: datetime, valid_to: datetime) -> dict[str, Any]:
    """A row of an item's service."""
    return {"subscription_item_id": "si", "valid_from": valid_from, "valid_to": valid_to}


def agreed(**columns: Any) -> dict[str, Any]:
    """A row of an item agreed for later on price p, with some columns otherwise."""
    return {
        "subscription_item_id": "si",
        "stated_price_id": "p",
        "stated_quantity": 7,
        "has_price": True,
        **columns,
    }


def coupon(**columns: Any) -> dict[str, Any]:
    """A row of a statement with ten percent off for good, with some columns otherwise."""
    statement = {
        "subscription_item_id": "si",
        "period_start_at": at("2024-01-01"),
        "invoice_line_item_id": "il",
        "currency_code": "USD",
    }
    terms = {"coupon_id": "TEN", "has_coupon": True, "percent_off": 10, "duration": "forever"}
    return {**statement, **terms, "is_recurring": True, **columns}


def amount_off(**columns: Any) -> dict[str, Any]:
    """A row of a statement with an amount off for good, with some columns otherwise."""
    return coupon(**{"percent_off": None, "amount_off_minor": 500, "coupon_currency_code": "USD", **columns})


def role_rule(**columns: Any) -> dict[str, Any]:
    """A row of a rule for the income accounts, with some columns otherwise."""
    matches = {"account_number": "", "account_type": "income", "account_name": ""}
    return {"rule": "r", "priority": 1, **matches, "role": "revenue", **columns}


def ledger_account(**columns: Any) -> dict[str, Any]:
    """A row of an income account that one rule gives its role, with some columns otherwise."""
    sound = {"account_id": "4000", "account_full_name": "Usage", "account_type": "Income"}
    return {**sound, "rule": "r", "account_role": "revenue", **columns}


def cost_rule(**columns: Any) -> dict[str, Any]:
    """A rule that puts the rent into overhead, with some columns otherwise."""
    anything = dict.fromkeys(
        ("account_number", "account_type", "account_role", "department", "vendor", "class"), ""
    )
    sound = {"rule": "r", "account_name": "rent", "bucket": "overhead", "is_direct": False}
    return {**anything, **sound, **columns}


def cost_line(**columns: Any) -> dict[str, Any]:
    """A line of hosting of 12.34 in January 2024 that no rule matches, with some columns otherwise."""
    return {
        "transaction_id": "t",
        "transaction_line_id": "1",
        "month": date(2024, 1, 1),
        "account_id": "6000",
        "account_name": "Hosting",
        "split_by": "none",
        "amount_minor": 1234,
        "minor_unit_digits": 2,
        **columns,
    }


def allocation_rule(**columns: Any) -> dict[str, Any]:
    """A rule that allocates hosting by compute units, else MRR, with some columns otherwise."""
    return {"pool": "hosting", "driver": "compute_units", "fallback_drivers": "mrr", **columns}


def allocation(**columns: Any) -> dict[str, Any]:
    """What Sales gets of the pool it in January 2024, 1.00, with some columns otherwise."""
    pool = {"month": date(2024, 1, 1), "method": "reciprocal", "pool": "it", "from_department": "it"}
    target = {"target_type": "department", "target_id": "Sales", "allocated_amount": 1}
    return {**pool, **target, **columns}


def margin(**columns: Any) -> dict[str, Any]:
    """A gross margin of January 2024 in which every amount is 0, with some columns otherwise."""
    return {"month": date(2024, 1, 1), **dict.fromkeys(MARGIN_AMOUNTS, 0), **columns}


def divided_margins(**columns: Any) -> dict[str, list[dict[str, Any]]]:
    """The margin as that of one account and one segment of each type."""
    return {
        ACCOUNT_MARGINS: [margin(account_id="a", **columns)],
        SEGMENT_MARGINS: [margin(segment_type=one, segment="s", **columns) for one in SEGMENT_TYPES],
    }


def cost_line_key(**columns: Any) -> dict[str, Any]:
    """The expense line that ``cost_line`` is a part of, with some columns."""
    return {"transaction_id": "t", "transaction_line_id": "1", **columns}


def mapping(mapping: str, target: str) -> dict[str, Any]:
    """A row of the mapping that says what v is."""
    return {"mapping": mapping, "value": "v", "target": target}


def survey(**columns: Any) -> dict[str, Any]:
    """All of the time of somebody in January 2024, in support, with some columns otherwise."""
    return {
        "employee_id": "E1",
        "month": date(2024, 1, 1),
        "function_name": "support",
        "share_quantity": 1,
        "share_total": 1,
        "bucket": "support",
        **columns,
    }


def capitalized_asset(**columns: Any) -> dict[str, Any]:
    """A sound asset of 100.00, with some columns otherwise."""
    return {
        "asset_id": "FA-1",
        "kind": "infrastructure",
        "bucket": "hosting",
        "currency_code": "USD",
        "cost": Decimal(100),
        "cost_minor": 10000,
        "minor_unit_digits": 2,
        "capitalized_on": date(2024, 1, 1),
        "in_service_on": date(2024, 1, 15),
        "useful_life_months": 36,
        **columns,
    }


def asset_month(month: int, amortized: int, accumulated: int, **columns: Any) -> dict[str, Any]:
    """What is amortised of an asset in a month of 2024, with some columns otherwise."""
    return {
        "asset_id": "FA-1",
        "month": date(2024, month, 1),
        "bucket": "hosting",
        "pool": "hosting",
        "amortization_minor": amortized,
        "accumulated_minor": accumulated,
        "is_disposed": False,
        **columns,
    }


def definition(key: str, value: str | None) -> dict[str, Any]:
    """A row of how a definition set decides."""
    return {"definition_set": "other", "policy_key": key, "policy_value": value}


def definition_month(definition_set: str, mrr: int = 0, **columns: Any) -> dict[str, Any]:
    """A row of a definition set's January 2024 in which nothing moved, with some columns otherwise."""
    amounts = (*CLASSES, "churned_mrr", "fx", "difference", "revalued_opening_mrr")
    retained = dict.fromkeys(("nrr_numerator_amount", "nrr_denominator_amount"), 0)
    return {
        "definition_set": definition_set,
        "month": date(2024, 1, 1),
        **{f"{name}_amount": 0 for name in amounts},
        **{"opening_mrr_amount": mrr, "mrr_amount": mrr, **retained},
        **{f"{name}_unit_count": 0 for name in ("opening", "churn", "closing")},
        **columns,
    }


def reduced(*amounts: int, total: int = 100, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    """An invoice with a refund for each amount, all of it found on its lines; with some columns otherwise."""
    reductions = [
        {
            "invoice_id": "in",
            "reduction_number": number,
            "reduction_kind": "refund",
            "reduction_id": f"re_{number}",
            "gross_minor": amount,
            **columns,
        }
        for number, amount in enumerate(amounts, start=1)
    ]
    elements = [
        {"invoice_id": "in", "reduction_number": number, "reduced_minor": part}
        for number, amount in enumerate(amounts, start=1)
        for part in (amount - 1, 1)
    ]
    return {
        INVOICES: [{"invoice_id": "in", "total_minor": total}],
        REDUCTIONS: reductions,
        REDUCED: elements,
    }


def living(**columns: Any) -> dict[str, Any]:
    """A row that is neither of test mode nor deleted, with some columns otherwise."""
    return {"is_live": True, "is_deleted": False, **columns}


def credited_line(**columns: Any) -> dict[str, list[dict[str, Any]]]:
    """A credit note on a billed invoice and a line of it, with some columns of that otherwise."""
    row = {"credit_note_line_item_id": "cnli", "credit_note_id": "cn", "invoice_line_item_id": "il"}
    return {
        RAW_INVOICES: [{"invoice_id": "in"}],
        INVOICES: [{"invoice_id": "in", "total_minor": 100}],
        RAW_LINES: [
            {"invoice_line_item_id": "il", "invoice_id": "in"},
            {"invoice_line_item_id": "il_other", "invoice_id": "in_other"},
        ],
        RAW_CREDIT_NOTES: [living(credit_note_id="cn", invoice_id="in")],
        RAW_CREDIT_NOTE_LINES: [living(**{**row, **columns})],
    }


def paid_back(**columns: Any) -> dict[str, list[dict[str, Any]]]:
    """A refund, with some columns otherwise, where there is a charge of its invoice."""
    return {
        RAW_INVOICES: [{"invoice_id": "in"}],
        RAW_CHARGES: [living(charge_id="ch", invoice_id="in", charge_status="succeeded")],
        RAW_REFUNDS: [living(**{"refund_id": "re", "charge_id": "ch", **columns})],
    }


def bridged_item(**columns: Any) -> dict[str, Any]:
    """A row of an item's MRR of January, renewed in it, with some columns otherwise."""
    statement = {"statement_start_at": at("2024-01-01"), "invoice_id": "in", "billing_class": "renewal"}
    return {
        "subscription_item_id": "si",
        "month": date(2024, 1, 1),
        **statement,
        "mrr_amount": 10,
        **columns,
    }


def bridged_line(**columns: Any) -> dict[str, Any]:
    """A row of the line that bills that item, with some columns otherwise."""
    item = {name: value for name, value in bridged_item().items() if name != "mrr_amount"}
    return {**item, "invoice_line_item_id": "il", "billed_reporting_minor": 1000, **columns}


def renewal_rounded(rounding: str | None, /, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    """A renewed month of a line in dollars that leaves so much, with some columns otherwise, and its invoice.

    The columns of the invoice are its rate and the digits of the two currencies.
    """
    rate = {"exchange_rate": 1, "rate_numerator": 1, "rate_denominator": 1}
    digits = {"minor_unit_digits": 2, "reporting_minor_unit_digits": 2}
    invoice = {name: columns.pop(name, value) for name, value in {**rate, **digits}.items()}
    renewal = {"subscription_item_id": "si", "month": date(2024, 1, 1), "invoice_id": "in", "line_count": 1}
    interval = {"interval_months": 12, "interval_months_divisor": 12}
    left = None if rounding is None else Decimal(rounding)
    return {
        RENEWALS: [{**renewal, **interval, "rounding_amount": left, **columns}],
        INVOICES: [{"invoice_id": "in", "minor_unit_digits": invoice.pop("minor_unit_digits")}],
        INVOICE_RATES: [{"invoice_id": "in", **invoice}],
    }


def obligation_revenue(obligation: str = "main", /, **columns: Any) -> dict[str, Any]:
    """A row of January's revenue of an obligation of that line, with some columns otherwise."""
    place = {"invoice_line_item_id": "il", "invoice_id": "in", "obligation": obligation}
    return {**place, "month": date(2024, 1, 1), "recognized_reporting_minor": 300, **columns}


def bridged_obligation(obligation: str = "main", /, **columns: Any) -> dict[str, Any]:
    """The same with its class in the bridge."""
    return {**obligation_revenue(obligation), "billing_class": "billed_in_month", **columns}


def decision(**columns: Any) -> dict[str, Any]:
    """A row that decides that two companies are one, with some columns otherwise."""
    return {"object_type": "company", "left_id": "1", "right_id": "2", "decision": "same", **columns}


def billed_customer(**columns: Any) -> dict[str, Any]:
    """A row of a billing customer of the export, with some columns otherwise."""
    return {"customer_id": "cus_1", "is_in_export": True, "is_deleted": False, **columns}


def member(source_id: str, surviving_id: str, account_id: str | None, **columns: Any) -> dict[str, Any]:
    """A row of a company of the crosswalk, with some columns otherwise."""
    return {
        "source_system": "crm",
        "object_type": "company",
        "source_id": source_id,
        "surviving_id": surviving_id,
        "account_id": account_id,
        **columns,
    }


def use_of(*days: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What one company used on some days, the last of which is seen on 3 January."""
    return {
        PRODUCT_USES: [{"company_id": "co_1", **day} for day in days],
        COMPANY_ACCOUNTS: [{"company_id": "co_1"}],
        SETTINGS: [{"as_of_date": date(2024, 1, 3)}],
    }


def employees_set(company_id: str, value: str | None) -> dict[str, Any]:
    """A row of the history of companies."""
    return {"company_id": company_id, "property_name": "numberofemployees", "property_value": value}


def company_property(name: str, value: str | None, /, **columns: Any) -> dict[str, Any]:
    """A row of what a company has as a property, with some columns otherwise."""
    return {"company_id": "1", "property_name": name, "property_value": value, **columns}


def segments_of_account(valid_from: str, valid_to: str, /, **columns: Any) -> dict[str, Any]:
    """A stretch of months of account a, with some columns otherwise."""
    return {
        "account_id": "a",
        "valid_from": date.fromisoformat(valid_from),
        "valid_to": date.fromisoformat(valid_to),
        **columns,
    }


def revenue_of_year(**columns: Any) -> dict[str, Any]:
    """A row of an account's revenue of January 2024, 10, with some columns otherwise."""
    row = {"account_id": "a", "month": date(2024, 1, 1), "net_revenue_reporting_amount": 10}
    return {**row, **columns}


def segments_of_year(**columns: Any) -> list[dict[str, Any]]:
    """A segment of every type in 2024, of a total of 10, with some columns otherwise."""
    crossed = [
        ("region", "vertical"),
        ("region", "service_type"),
        ("vertical", "service_type"),
        ("region", "organization_size"),
    ]
    return [
        {
            "segment_type": segment_type,
            "cross_segment_type": cross_segment_type,
            "year": 2024,
            "total_amount": 10,
            "arr_amount": 0,
            **columns,
        }
        for segment_type, cross_segment_type in [
            *((segment_type, "none") for segment_type in ("all", *SEGMENT_TYPES)),
            *crossed,
        ]
    ]


def policy(key: str, value: str | None) -> Case:
    """A policy with a value that cannot be read."""
    return Case(
        {POLICIES: [{"policy_key": key, "policy_value": value}]},
        (key, "NULL" if value is None else value, "Expected"),
    )


def good_policy(key: str, value: str) -> Case:
    """A policy with a value that can be read."""
    return Case({POLICIES: [{"policy_key": key, "policy_value": value}]})


def health_measure(**columns: object) -> dict[str, object]:
    """A measure that is all of a score."""
    return {
        "score": "s",
        "measure": "usage",
        "weight": 100,
        "direction": "higher",
        "floor_value": 0,
        "ceiling_value": 3,
        "look_back_days": 30,
        **columns,
    }


def support_span(
    opens: str | None, closes: str | None, number: int = 1, weekday: int = 1
) -> dict[str, object]:
    """A span of support hours."""
    return {"weekday": weekday, "span_number": number, "opens": opens, "closes": closes}


# The lowest good value of each, and one beyond the highest.
RETENTION_POLICIES = {
    "retention_fit_minimum_accounts": ("2", "100000001"),
    "retention_fit_minimum_lost_accounts": ("2", "100000001"),
    "retention_fit_minimum_months": ("2", "1201"),
    "retention_fit_parameter_limit": ("10", "1000001"),
    "retention_projection_horizon_months": ("1", "601"),
}

TIERED = price(billing_scheme="tiered", tiers_mode="volume", unit_amount_minor=None)
PACKAGES = {"transform_quantity_divide_by": 10, "transform_quantity_round": "up"}

# Cases that must return something and, with no `says`, cases beside them that must not.
MARGIN_AMOUNTS = [
    f"{name}_amount"
    for name in (
        "subscription_revenue",
        "services_revenue",
        "total_revenue",
        "hosting",
        "support",
        "services",
        "cloud_operations",
        "capitalized_software",
        "third_party_fees",
        "overhead",
        "customer_success",
        "customer_success_overhead",
        "subscription_cost",
        "services_cost",
        "cost_of_revenue",
        *(f"{revenue}_margin" for revenue in ("subscription", "services", "total")),
        *(
            f"{revenue}_margin_{counting}_customer_success"
            for revenue in ("subscription", "total")
            for counting in ("excluding", "including")
        ),
    )
]
# The pool it, 3.00, on both of its rows.
OVERHEAD_FLOWS = [
    {"month": date(2024, 1, 1), "pool": "it", "flow": flow, "amount_minor": 300} for flow in ("a", "b")
]

FUNNEL_COUNTS = (
    "visitors",
    "visits",
    "leads",
    "mqls",
    "sqls",
    "opportunities",
    "customers",
    "customers_without_lead",
    "leads_to_mqls",
    "leads_to_sqls",
    "leads_to_opportunities",
    "leads_to_customers",
    "trials",
    "trials_to_customers",
    "sign_ups",
    "sign_ups_to_customers",
)


def funnel(channel: str, **counts: int) -> dict[str, Any]:
    """A row of the funnel of January; what is not said is 0."""
    return {"month": date(2024, 1, 1), "channel": channel, **dict.fromkeys(FUNNEL_COUNTS, 0), **counts}


PIPELINE_COUNTS = ("deals", "created_deals", "reopened_deals", "won_deals", "lost_deals")


def pipeline(month: int, *, stage: str = "Open", **counts: int) -> dict[str, Any]:
    """A stage of the pipeline in a month of 2024; what is not said is 0."""
    return {"month": date(2024, month, 1), "stage": stage, **dict.fromkeys(PIPELINE_COUNTS, 0), **counts}


def velocity(month: int, open_deals: int, won_deals: int = 0, lost_deals: int = 0) -> dict[str, Any]:
    """The deals of a month of 2024."""
    counts = {"open_deals": open_deals, "won_deals": won_deals, "lost_deals": lost_deals}
    return {"month": date(2024, month, 1), **counts}


CASES: dict[str, list[Case]] = {
    "assert_channels_sum_to_the_funnel": [
        *(
            Case(
                {FUNNEL: [funnel("all", **{count: 3}), funnel("paid", **{count: 2})]}, (f"'{count}'", "'all'")
            )
            for count in FUNNEL_COUNTS
        ),
        # Two visitors of one channel are no fewer in all.
        Case({FUNNEL: [funnel("all", visitors=1), funnel("paid", visitors=2)]}, ("'visitors'",)),
        *(
            Case(
                {FUNNEL: [funnel(channel, **{count: 2, larger: 1}) for channel in ("all", "paid")]},
                (f"'{count}'", "'paid'"),
            )
            for count, larger in (
                ("leads_to_mqls", "leads"),
                ("leads_to_sqls", "leads_to_mqls"),
                ("leads_to_opportunities", "leads_to_sqls"),
                ("leads_to_customers", "leads_to_opportunities"),
                ("trials_to_customers", "trials"),
                ("sign_ups_to_customers", "sign_ups"),
                ("customers_without_lead", "customers"),
            )
        ),
        # One visitor came by both channels.
        Case(
            {
                FUNNEL: [
                    funnel("all", visitors=3, visits=5, leads=2, leads_to_mqls=1),
                    funnel("paid", visitors=2, visits=4, leads=1, leads_to_mqls=1),
                    funnel("direct", visitors=2, visits=1, leads=1),
                ]
            }
        ),
    ],
    "assert_customers_of_the_funnel_are_who_began_to_pay": [
        Case(
            {
                FUNNEL: [funnel("all", customers=1, customers_without_lead=1)],
                "marts.dim_accounts": [
                    {"account_id": name, "first_paid_date": date(2024, 1, 31)} for name in ("a", "b")
                ],
            },
            ("'customers'", "'expected': 2", "'actual': 1"),
        ),
        Case(
            {FUNNEL: [funnel("all", customers=1, customers_without_lead=1)]}, ("'customers'", "'expected': 0")
        ),
        Case(
            {
                FUNNEL: [funnel("all", leads=1)],
                "marts.dim_accounts": [{"account_id": "a", "first_paid_date": date(2024, 2, 1)}],
            },
            ("2024, 2, 1", "'actual': 0"),
        ),
        *(
            Case(
                {
                    FUNNEL: [funnel("all", customers=1, customers_without_lead=without)],
                    "marts.dim_accounts": [{"account_id": "a", "first_paid_date": date(2024, 1, 1)}],
                    LEADS: [{"surviving_contact_id": "c", "customer_date": day}],
                },
                ("customers with a lead",) if says else (),
            )
            for without, day, says in (
                (1, date(2024, 1, 1), True),
                (0, None, True),
                (0, date(2024, 2, 1), True),
                (1, None, False),
                (0, date(2024, 1, 1), False),
            )
        ),
        # Without a funnel nobody is a customer of it; who never paid is none.
        Case({"marts.dim_accounts": [{"account_id": "a", "first_paid_date": date(2024, 1, 1)}]}),
        Case({FUNNEL: [funnel("all", leads=1)], "marts.dim_accounts": [{"account_id": "a"}]}),
    ],
    "assert_costs_of_acquisition_are_those_of_the_ledger": [
        *(
            Case(
                {
                    CHANNEL_COSTS: [
                        {
                            "month": date(2024, 1, 1),
                            "channel": channel,
                            "acquisition_cost_amount": amount,
                            "new_accounts": 1,
                        }
                        for channel, amount in (("paid", Decimal("1.5")), ("direct", Decimal("0.5")))
                    ],
                    UNIT_ECONOMICS: [
                        {"month": date(2024, 1, 1), "acquisition_cost_amount": cost, "new_accounts": accounts}
                    ],
                },
                ("2024, 1, 1", "'expected_amount'") if says else (),
            )
            for cost, accounts, says in (
                (Decimal("2.01"), 2, True),
                (None, 2, True),
                (Decimal(2), 3, True),
                (Decimal(2), 2, False),
            )
        ),
        # A month that is missing, beside one that is there.
        Case(
            {
                CHANNEL_COSTS: [{"month": date(2024, 1, 1), "channel": "paid", "new_accounts": 1}],
                UNIT_ECONOMICS: [
                    {"month": date(2024, 1, 1), "new_accounts": 1},
                    {"month": date(2024, 2, 1), "acquisition_cost_amount": 5, "new_accounts": 0},
                ],
            },
            ("2024, 2, 1",),
        ),
        Case(
            {UNIT_ECONOMICS: [{"month": date(2024, 1, 1), "acquisition_cost_amount": 5, "new_accounts": 1}]}
        ),
    ],
    "assert_the_pipeline_rolls_forward": [
        Case(
            {VELOCITY: [velocity(1, 2)], PIPELINE: [pipeline(1, deals=2, created_deals=1)]},
            ("'open deals'", "'expected': 1", "'actual': 2"),
        ),
        Case(
            {
                VELOCITY: [velocity(1, 1), velocity(2, 0)],
                PIPELINE: [pipeline(1, deals=1, created_deals=1)],
            },
            ("2024, 2, 1", "'expected': 1", "'actual': 0"),
        ),
        *(
            Case(
                {
                    VELOCITY: [velocity(1, *stated)],
                    PIPELINE: [pipeline(1, deals=1, created_deals=3, won_deals=1, lost_deals=1)],
                },
                (says,) if says else (),
            )
            for stated, says in (
                ((2, 1, 1), "open deals of fct_sales_velocity_by_month"),
                ((1, 0, 1), "won deals of fct_sales_velocity_by_month"),
                ((1, 1, 2), "lost deals of fct_sales_velocity_by_month"),
                ((1, 1, 1), ""),
            )
        ),
        Case(
            {
                VELOCITY: [velocity(1, 2, 1), velocity(2, 2, 0, 1), velocity(3, 2)],
                PIPELINE: [
                    pipeline(1, deals=2, created_deals=2),
                    pipeline(1, stage="Won", created_deals=1, won_deals=1),
                    pipeline(2, deals=2, lost_deals=1, reopened_deals=1),
                    pipeline(3, deals=2),
                ],
            }
        ),
    ],
    "assert_money_of_the_crm_can_be_valued": [
        Case(
            {
                DEAL_MONTHS: [
                    {"deal_id": name, "month": date(2024, 1, 1), "amount_in_currency": 1}
                    for name in ("d2", "d1")
                ],
                PIPELINE_MONTHS: [{"month": date(2024, 1, 1), "crm_currency_code": "EUR"}],
            },
            ("ledger.currencyrate", "EUR", "2024-01-01", "crm.deal d1"),
        ),
        Case(
            {CHANNEL_SPEND: [{"channel": "paid", "month": date(2024, 1, 1), "currency_code": "GBP"}]},
            ("ledger.currencyrate", "GBP", "2024-01-01", "crm.marketing_spend"),
        ),
        # A deal without an amount needs no rate.
        Case(
            {
                DEAL_MONTHS: [{"deal_id": "d1", "month": date(2024, 1, 1)}],
                PIPELINE_MONTHS: [{"month": date(2024, 1, 1), "crm_currency_code": "EUR"}],
            }
        ),
        Case(
            {
                DEAL_MONTHS: [{"deal_id": "d1", "month": date(2024, 1, 1), "amount_in_currency": 1}],
                PIPELINE_MONTHS: [
                    {"month": date(2024, 1, 1), "crm_currency_code": "EUR", "exchange_rate": Decimal("1.1")}
                ],
                CHANNEL_SPEND: [
                    {"channel": "paid", "month": date(2024, 1, 1), "currency_code": "GBP", "amount": 1}
                ],
            }
        ),
    ],
    "assert_deals_are_readable": [
        Case(
            {
                RAW_DEALS: [{"deal_id": "d1", "is_deleted": False}, {"deal_id": "d2", "is_deleted": False}],
                RAW_DEAL_STAGES: [{"deal_id": name, "stage_id": "gone"} for name in ("d2", "d1")],
            },
            ("crm.deal_stage", "'d1'", "'gone'", "2 rows are left out"),
        ),
        Case(
            {RAW_DEALS: [{"deal_id": "d1", "stage_id": "gone", "is_deleted": False}]},
            ("crm.deal", "deal_pipeline_stage_id", "'gone'"),
        ),
        *(
            Case(
                {RAW_PIPELINE_STAGES: [{"stage_id": "s", "is_closed": False, "probability": probability}]},
                ("crm.deal_pipeline_stage", "'s'", "probability", "weighted 0"),
            )
            for probability in (Decimal("-0.1"), Decimal("1.000001"), 60, None)
        ),
        *(
            Case(
                {
                    RAW_DEALS: [{"deal_id": "d1", "is_deleted": False}],
                    DEAL_VALUES: [
                        {
                            "deal_id": "d1",
                            "property_name": name,
                            "property_value": "soon",
                            "valid_from_at": at("2024-01-01"),
                            "is_readable": False,
                        }
                    ],
                },
                ("crm.deal_property_history", "d1, 2024-01-01", "'soon'", says),
            )
            for name, says in (("amount", "12,000.00"), ("closedate", "ISO 8601"))
        ),
        Case(
            {RAW_DEALS: [{"deal_id": "d1", "is_deleted": False, "amount_in_currency": 10**15}]},
            ("crm.deal", "'d1'", "property_amount", "taken to have none"),
        ),
        Case(
            {
                RAW_DEALS: [
                    {"deal_id": "d1", "stage_id": "s", "is_deleted": False, "amount_in_currency": 10**13},
                    {"deal_id": "d2", "stage_id": "gone", "is_deleted": True, "amount_in_currency": 10**15},
                    {"deal_id": "d3", "is_deleted": False},
                ],
                RAW_DEAL_STAGES: [
                    {"deal_id": "d1", "stage_id": "s"},
                    {"deal_id": "d2", "stage_id": "gone"},
                    {"deal_id": "d9", "stage_id": "gone"},
                ],
                RAW_PIPELINE_STAGES: [
                    {"stage_id": "s", "is_closed": False, "probability": 0},
                    {"stage_id": "t", "is_closed": False, "probability": 1},
                    {"stage_id": "lost", "is_closed": True, "probability": None},
                ],
                DEAL_VALUES: [
                    {"deal_id": deal, "property_name": "amount", "is_readable": readable}
                    for deal, readable in (("d1", True), ("d2", False), ("d9", False))
                ],
            }
        ),
    ],
    "assert_leads_and_marketing_are_readable": [
        *(
            Case(
                {RAW_FORMS: [{"contact_id": "c", "form_id": name, "form_type": kind} for name in ("g", "f")]},
                ("crm.contact_form_submission", "'f'", shown, "2 forms qualify nobody"),
            )
            for kind, shown in (("survey", "'survey'"), (None, "'NULL'"))
        ),
        Case(
            {RAW_SCORES: [{"contact_id": "c", "property_name": "hubspotscore", "property_value": "hot"}]},
            ("crm.contact_property_history", "'c'", "'hot'", "1 rows qualify nobody"),
        ),
        Case({RAW_CONTACTS: [{"analytics_source": "NEW"}]}, ("crm.contact", "analytics_source", "'NEW'")),
        Case(
            {
                RAW_VISITS: [{"visit_source": " new ", "is_bot": False, "is_employee": False}],
                SEGMENT_MAPPINGS: [{"mapping": "spend_channel", "value": "new"}],
            },
            ("crm.web_visit", "visit_source", "'new'", "1 rows are of the channel unknown"),
        ),
        Case(
            {RAW_SPEND: [{"spend_channel": "ads", "spent_on": date(2024, 1, 1), "amount_in_currency": 1}]},
            ("crm.marketing_spend", "spend_channel", "'ads'"),
        ),
        *(
            Case(
                {
                    RAW_SPEND: [{"spend_channel": "ads", **columns}],
                    SEGMENT_MAPPINGS: [{"mapping": "spend_channel", "value": "ads"}],
                },
                ("crm.marketing_spend", "'ads'", named, "1 rows are left out"),
            )
            for columns, named in (
                ({"amount_in_currency": 1}, "'date'"),
                ({"spent_on": date(2024, 1, 1)}, "'amount'"),
            )
        ),
        Case(
            {
                RAW_FORMS: [
                    {"contact_id": "c", "form_id": kind, "form_type": kind}
                    for kind in (
                        "gated_download",
                        "contact",
                        "newsletter",
                        "demo_request",
                        "trial",
                        "sign_up",
                    )
                ],
                RAW_SCORES: [
                    {"contact_id": "c", "property_name": name, "property_value": value}
                    for name, value in (
                        ("hubspotscore", "7.5"),
                        ("hubspotscore", ""),
                        ("lifecyclestage", None),
                    )
                ],
                RAW_CONTACTS: [{"analytics_source": " Paid_Search"}, {"analytics_source": None}],
                RAW_VISITS: [
                    {"visit_source": "Paid", "is_bot": False, "is_employee": False},
                    {"visit_source": "crawler", "is_bot": True, "is_employee": False},
                    {"visit_source": "office", "is_bot": False, "is_employee": True},
                    {"visit_source": None, "is_bot": False, "is_employee": False},
                ],
                RAW_SPEND: [{"spend_channel": "Ads", "spent_on": date(2024, 1, 1), "amount_in_currency": 1}],
                SEGMENT_MAPPINGS: [
                    {"mapping": "analytics_source", "value": "paid_search"},
                    {"mapping": "visit_source", "value": "paid"},
                    {"mapping": "spend_channel", "value": "ads"},
                ],
            }
        ),
    ],
    "assert_segment_mappings_are_readable": [
        *(
            Case(
                {SEGMENT_MAPPINGS: [{"mapping": mapping, "value": "v", "target": target}]},
                ("policy.segment_mappings", f"'{mapping}: v'", f"'{column}'", reason),
            )
            for mapping, target, column, reason in (
                ("industries", "BFSI", "mapping", "Expected industry,"),
                ("industry", "", "target", "name of a vertical"),
                ("deployment_type", "on-premise", "target", "cloud or on_premise"),
                *(
                    (mapping, "payed", "target", "outbound or unknown")
                    for mapping in ("analytics_source", "visit_source", "spend_channel")
                ),
            )
        ),
        Case(
            {
                SEGMENT_MAPPINGS: [
                    {"mapping": mapping, "value": "v", "target": target}
                    for mapping, target in (
                        ("industry", "Shipping"),
                        ("deployment_type", "cloud"),
                        ("deployment_type", "on_premise"),
                        ("analytics_source", "organic"),
                        ("analytics_source", "outbound"),
                        ("visit_source", "direct"),
                        ("visit_source", "referral"),
                        ("spend_channel", "paid"),
                        ("spend_channel", "unknown"),
                    )
                ]
            }
        ),
    ],
    "assert_identity_decisions_are_readable": [
        Case({DECISIONS: [decision(), decision(object_type=" Contact", decision="NOT_SAME ")]}),
        Case(
            {DECISIONS: [decision(object_type="deal")]},
            ("policy.identity_decisions", "'deal, 1, 2'", "'object_type'", "company, contact or customer"),
        ),
        Case(
            {DECISIONS: [decision(object_type="customer", left_id="cus_1", decision="maybe")]},
            ("'customer, cus_1, 2'", "'decision'", "'maybe'", "same or not_same"),
        ),
    ],
    "assert_identity_decisions_are_followed": [
        Case({}),
        Case(
            {
                DECISION_PROBLEMS: [
                    {
                        "object_type": "company",
                        "left_id": "1",
                        "right_id": "2",
                        "reason": "no company 2 is known.",
                    }
                ]
            },
            ("policy.identity_decisions", "'company, 1, 2'", "no company 2 is known."),
        ),
    ],
    "assert_billing_customers_have_a_company": [
        Case(
            {
                COMPANIES: [{"company_id": "1"}],
                CUSTOMERS: [
                    billed_customer(),
                    billed_customer(customer_id="cus_2", is_deleted=True),
                    billed_customer(customer_id="cus_3", is_in_export=False),
                ],
                CUSTOMER_ACCOUNTS: [
                    {"customer_id": "cus_1", "crm_company_id": "1"},
                    {"customer_id": "cus_2", "crm_company_id": None},
                    {"customer_id": "cus_3", "crm_company_id": None},
                ],
            }
        ),
        # Without a CRM nobody is missing from it.
        Case(
            {
                CUSTOMERS: [billed_customer()],
                CUSTOMER_ACCOUNTS: [{"customer_id": "cus_1", "crm_company_id": None}],
            }
        ),
        Case(
            {
                COMPANIES: [{"company_id": "1"}],
                CUSTOMERS: [billed_customer()],
                CUSTOMER_ACCOUNTS: [{"customer_id": "cus_1", "crm_company_id": None}],
            },
            ("billing.customer", "'cus_1'", "identity_decisions"),
        ),
    ],
    "assert_figures_are_of_published_accounts": [
        Case(
            {
                ACCOUNTS: [{"account_id": "a"}],
                ACCOUNT_MONTHS: [account_month(), account_month(month=date(2024, 2, 1))],
                "marts.fct_cost_of_revenue_by_account_month": [{"account_id": "unallocated"}],
            }
        ),
        *(
            Case(
                {ACCOUNTS: [{"account_id": "a"}], f"marts.{figure}": [{"account_id": "b"}]},
                (f"'{figure}'", "'b'"),
            )
            for figure in (
                "fct_mrr_by_account_month",
                "fct_mrr_by_account_currency_month",
                "fct_revenue_by_account_month",
                "fct_receivables_by_account_month",
                "fct_cost_of_revenue_by_account_month",
                "fct_gross_margin_by_account_month",
            )
        ),
    ],
    "assert_records_that_are_one_are_of_one_account": [
        Case(
            {
                MEMBERS: [
                    member("1", "1", "a"),
                    member("2", "1", "a"),
                    member("1", "1", None, object_type="contact"),
                ],
                ACCOUNTS: [{"account_id": "a"}],
            }
        ),
        *(
            Case({MEMBERS: members, ACCOUNTS: [{"account_id": "a"}, {"account_id": "b"}]}, says)
            for members, says in (
                # Of another account than what stands for it, of one that is not published, or of none.
                ([member("1", "1", "a"), member("2", "1", "b")], ("'source_id': '2'",)),
                ([member("1", "1", "c")], ("'account_id': 'c'",)),
                ([member("1", "1", None)], ("'source_id': '1'",)),
                # What stands for it is not there, or follows another yet.
                ([member("2", "1", "a")], ("'surviving_id': '1'",)),
                (
                    [member("1", "1", "a"), member("2", "1", "a"), member("3", "2", "a")],
                    ("'survivor_of_survivor': '1'",),
                ),
            )
        ),
    ],
    "assert_what_the_crm_says_of_companies_is_a_segment": [
        Case(
            {
                COMPANY_PROPERTIES: [
                    company_property("industry", "ALCHEMY", company_id="2"),
                    company_property("industry", "ALCHEMY", company_id="1"),
                ],
                # A value of another mapping is none of this.
                SEGMENT_MAPPINGS: [{"mapping": "visit_source", "value": "alchemy", "target": "paid"}],
            },
            ("crm.company", "'1'", "'property_industry'", "'ALCHEMY'", "unknown: 2.", "mapping industry."),
        ),
        Case(
            {COMPANY_PROPERTIES: [company_property("hs_analytics_source", "PIGEON")]},
            ("'property_hs_analytics_source'", "mapping analytics_source."),
        ),
        Case(
            {COMPANY_PROPERTIES: [company_property("deployment_type", "moon")]},
            ("'property_deployment_type'", "mapping deployment_type."),
        ),
        Case(
            {COMPANY_PROPERTIES: [company_property("country", "Atlantis")]},
            ("'property_country'", "'Atlantis'", "ISO 3166-1"),
        ),
        *(
            Case(
                {COMPANY_HISTORY: [employees_set("2", value), employees_set("1", value)]},
                ("crm.company", "'1'", "'property_numberofemployees'", f"'{value}'", "companies: 2."),
            )
            for value in ("many", "-1", "1.200,00", "12,00", "1k", "1,2000", ",200", "1,,200")
        ),
        Case(
            {COMPANIES: [{"company_id": "1", "employee_count": -1}]},
            ("'1'", "'property_numberofemployees'", "'-1'", "1,200", "companies: 1."),
        ),
        Case(
            {
                COMPANY_HISTORY: [
                    *(employees_set("1", value) for value in ("1,200", " 7 ", "0", "12,345,678", " ", None)),
                    {"company_id": "1", "property_name": "country", "property_value": "many"},
                ],
                COMPANIES: [{"company_id": "1", "employee_count": 0}, {"company_id": "2"}],
            }
        ),
        Case(
            {
                COMPANY_PROPERTIES: [
                    company_property("industry", "Banking"),
                    company_property("industry", None),
                    company_property("hs_analytics_source", "OFFLINE"),
                    company_property("deployment_type", "Cloud"),
                    company_property("country", "na"),
                ],
                SEGMENT_MAPPINGS: [
                    {"mapping": "industry", "value": "banking", "target": "BFSI"},
                    {"mapping": "analytics_source", "value": "offline", "target": "outbound"},
                    {"mapping": "deployment_type", "value": "cloud", "target": "cloud"},
                ],
                COUNTRY_NAMES: [{"country_name": "NA", "country_code": "NA"}],
            }
        ),
    ],
    "assert_accounts_are_in_one_stretch_of_segments_at_a_time": [
        *(
            Case({ACCOUNT_SEGMENTS: [segments_of_account(*stretch) for stretch in stretches]}, ("'a'",))
            for stretches in (
                [("1900-01-01", "2024-02-01"), ("2024-03-01", "9999-12-01")],
                [("1900-01-01", "2024-03-01"), ("2024-02-01", "9999-12-01")],
                [("1900-01-01", "2024-03-01")],
                [("1900-02-01", "9999-12-01")],
                [("9999-12-01", "9999-12-01")],
            )
        ),
        Case(
            {
                ACCOUNT_SEGMENTS: [
                    segments_of_account("1900-01-01", "2024-02-01"),
                    segments_of_account("2024-02-01", "9999-12-01"),
                    segments_of_account("1900-01-01", "9999-12-01", account_id="b"),
                ]
            }
        ),
    ],
    "assert_segments_of_a_year_sum_to_its_revenue": [
        Case(
            {ACCOUNT_REVENUE: [revenue_of_year()]},
            ("'year': 2024", "Decimal('10.0000')", "'actual_amount': None"),
        ),
        Case({BRIDGE: [bridge(arr_amount=10)]}, ("'expected_arr_amount': Decimal('10.0000')",)),
        *(
            Case(
                {
                    ACCOUNT_REVENUE: [revenue_of_year()],
                    SEGMENT_YEARS: [
                        {**row, **wrong} if row["segment_type"] == "plan" else row
                        for row in segments_of_year(amount=10)
                    ],
                },
                ("'segment_type': 'plan'",),
            )
            for wrong in ({"amount": 9}, {"total_amount": 9}, {"arr_amount": 1})
        ),
        Case(
            {
                ACCOUNT_REVENUE: [revenue_of_year()],
                SEGMENT_YEARS: [
                    row for row in segments_of_year(amount=10) if row["cross_segment_type"] != "vertical"
                ],
            },
            ("'cross_segment_type': 'vertical'",),
        ),
        Case(
            {
                # The revenue of two months, the ARR of the later.
                ACCOUNT_REVENUE: [
                    revenue_of_year(net_revenue_reporting_amount=4),
                    revenue_of_year(net_revenue_reporting_amount=6, month=date(2024, 12, 1)),
                ],
                BRIDGE: [
                    bridge(arr_amount=10),
                    bridge(date(2024, 12, 1), arr_amount=7),
                ],
                SEGMENT_YEARS: [
                    row
                    for part in ((4, 3), (6, 4))
                    for row in segments_of_year(amount=part[0], arr_amount=part[1])
                ],
            }
        ),
    ],
    "assert_expense_lines_are_classified": [
        Case(
            {
                COST_LINES: [
                    cost_line(department="Support", vendor="ACME", **{"class": "Internal"}),
                    cost_line(
                        transaction_id="s", department="Support", vendor="ACME", **{"class": "Internal"}
                    ),
                ]
            },
            (
                *("ledger.transactionline", "'s/1'", "'account'", "Hosting", "to 2 lines of 2024-01-01"),
                *("24.68", "account Hosting, department Support, vendor ACME, class Internal", "add a rule"),
            ),
        ),
        Case(
            {COST_LINES: [cost_line(account_name=None)]},
            ("account 6000, department none, vendor none, class none",),
        ),
        Case(
            {
                EXPENSE_COMBINATIONS: [
                    {
                        "account_id": "6000",
                        "rule": "r",
                        "bucket": "hosting",
                        "contradicting_rule": "other_rule",
                    }
                ],
                LEDGER_ACCOUNTS: [ledger_account(account_id="6000", account_name="Hosting")],
            },
            ("policy.cost_rules", "'r'", "priority", "other_rule", "account Hosting have two rules"),
        ),
        Case({EXPENSE_COMBINATIONS: [{"account_id": "6000", "contradicting_rule": "other_rule"}]}, ("6000",)),
        # What a survey splits needs no rule; that its function is known is asked elsewhere.
        Case(
            {
                COST_LINES: [cost_line(bucket="hosting"), cost_line(split_by="time_survey")],
                EXPENSE_COMBINATIONS: [{"account_id": "6000", "rule": "r", "bucket": "hosting"}],
            }
        ),
    ],
    "assert_cost_rules_are_readable": [
        Case({COST_RULES: [cost_rule(account_name="")]}, ("policy.cost_rules", "'r'", "matches every line")),
        Case(
            {COST_RULES: [cost_rule(account_role="peoples")]},
            ("account_role", "peoples", "Expected a role of policy account_roles"),
        ),
        Case(
            {COST_RULES: [cost_rule(bucket="by_asset", is_direct=None)]},
            ("bucket", "by_asset", "Expected account_role amortization"),
        ),
        Case(
            {COST_RULES: [cost_rule(bucket="by_asset", account_role="amortization")]},
            ("is_direct", "false", "each asset has a bucket of its own"),
        ),
        *(
            Case(
                {COST_RULES: [cost_rule(bucket=bucket, is_direct=is_direct)]},
                ("is_direct", f"Expected {expected}"),
            )
            for bucket, expected in (
                ("hosting", "true"),
                ("overhead", "false"),
                ("customer_success", "false"),
            )
            for is_direct in (expected == "false", None)
        ),
        Case(
            {
                COST_RULES: [
                    cost_rule(),
                    cost_rule(bucket="services", is_direct=True),
                    cost_rule(bucket="by_asset", is_direct=None, account_role="amortization"),
                    *(
                        cost_rule(account_name="", **{column: "x"})
                        for column in ("account_number", "account_type", "department", "vendor", "class")
                    ),
                ]
            }
        ),
    ],
    "assert_allocation_rules_are_readable": [
        Case(
            {COST_LINES: [cost_line(bucket="hosting", pool="machines")]},
            ("policy.allocation_rules", "machines", "no rule of policy allocation_rules says"),
        ),
        Case({HEADCOUNT: [{"bucket": "overhead", "pool": "it"}]}, ("'it'", "no rule")),
        Case(
            {ALLOCATION_RULES: [allocation_rule(driver="weather")]},
            ("'hosting'", "driver", "weather", "Expected a driver of"),
        ),
        *(
            Case(
                {ALLOCATION_RULES: [allocation_rule(fallback_drivers=fallbacks)]},
                ("fallback_drivers", fallbacks, "Expected drivers of"),
            )
            for fallbacks in ("weather", "mrr weather", "mrr mrr", "mrr,hours", "mrr  hours", "mr")
        ),
        Case(
            {
                ALLOCATION_RULES: [allocation_rule(driver="headcount")],
                COST_LINES: [cost_line(bucket="customer_success", pool="hosting")],
            },
            ("'hosting'", "headcount", "Expected a driver that allocates to accounts"),
        ),
        Case(
            {
                ALLOCATION_RULES: [allocation_rule()],
                COST_LINES: [cost_line(bucket="overhead", pool="hosting")],
            },
            ("compute_units", "mrr", "Expected a driver that allocates to departments"),
        ),
        Case(
            {
                ALLOCATION_RULES: [
                    allocation_rule(fallback_drivers="mrr hours seats"),
                    allocation_rule(pool="it", driver="headcount", fallback_drivers="people_cost"),
                    allocation_rule(pool="administration", driver="headcount", fallback_drivers=""),
                    allocation_rule(pool="not in use", driver="headcount"),
                ],
                COST_LINES: [
                    cost_line(bucket="hosting", pool="hosting"),
                    cost_line(bucket="overhead", pool="it"),
                    cost_line(bucket="sales", pool="needs no driver"),
                ],
                HEADCOUNT: [
                    {"bucket": "overhead", "pool": "administration"},
                    {"bucket": "sales", "pool": "needs no driver"},
                ],
            }
        ),
    ],
    "assert_cost_mappings_are_readable": [
        *(
            Case(
                {COST_MAPPINGS: [mapping(name, target)]},
                ("policy.cost_mappings", f"{name}: v", "target", target, expected),
            )
            for name, target, expected in (
                ("function", "by_asset", "a bucket of costs"),
                ("asset_kind", "infrastructure", "a bucket of costs"),
                ("asset", "shared", "a bucket of costs"),
                ("environment", "hosting", "production, development or shared"),
                ("revenue_stream", "usage", "subscription or services"),
            )
        ),
        Case(
            {
                COST_MAPPINGS: [
                    mapping("function", "customer_success"),
                    mapping("asset_kind", "hosting"),
                    mapping("asset", "overhead"),
                    mapping("environment", "shared"),
                    mapping("revenue_stream", "services"),
                ]
            }
        ),
    ],
    "assert_health_measures_are_readable": [
        *(
            Case(
                {HEALTH_MEASURES: [health_measure(**{column: value})]},
                ("policy.health_measures", "s, ", *says),
            )
            for column, value, says in (
                ("measure", "mood", ("measure", "'mood'", "Expected a measure")),
                ("measure", None, ("measure", "Expected a measure")),
                ("measure", "score:none", ("'score:none'", "Expected a score")),
                ("measure", "score:s", ("'score:s'", "takes in")),
                ("weight", 99, ("'s, all'", "weight", "'99.0000'", "sum to 100")),
                ("weight", -100, ("'-100.0000'", "from 0 to 100")),
                ("weight", None, ("weight", "'NULL'", "from 0 to 100")),
                ("direction", "up", ("direction", "'up'", "higher or lower")),
                ("direction", None, ("direction", "'NULL'")),
                ("ceiling_value", 0, ("ceiling_value", "'0.000000'", "above the floor")),
                ("floor_value", None, ("ceiling_value", "'3.000000'", "above the floor")),
                ("look_back_days", 0, ("look_back_days", "'0'", "at least 1")),
                ("look_back_days", -1, ("look_back_days", "'-1'")),
                ("look_back_days", 3661, ("look_back_days", "'3661'")),
                ("look_back_days", None, ("look_back_days", "'NULL'")),
            )
        ),
        # A score of no weight is none that could be taken in.
        Case(
            {
                HEALTH_MEASURES: [
                    health_measure(measure="score:t", look_back_days=0),
                    health_measure(score="t", weight=0),
                ]
            },
            ("'s, score:t'", "with weight"),
        ),
        Case(
            {
                HEALTH_MEASURES: [
                    health_measure(weight=40),
                    health_measure(measure="tenure", weight=Decimal("59.5"), look_back_days=0),
                    health_measure(measure="score:t", weight=Decimal("0.5"), look_back_days=0),
                    health_measure(score="t"),
                    health_measure(score="off", weight=0),
                    health_measure(score="off", measure="score:s", weight=0, look_back_days=0),
                ]
            }
        ),
    ],
    "assert_support_hours_are_readable": [
        *(
            Case({SUPPORT_HOURS: rows}, ("policy.support_hours", *says))
            for rows, says in (
                ([support_span("9 a.m.", "17:00")], ("'1, 1'", "opens", "'9 a.m.'", "HH:MM")),
                ([support_span("09:60", "17:00")], ("opens", "'09:60'")),
                ([support_span("09:00:30", "17:00")], ("opens", "'09:00:30'")),
                ([support_span("", "17:00")], ("opens", "HH:MM, or neither")),
                ([support_span("09:00", None)], ("closes", "'NULL'")),
                ([support_span("09:00", "09:00")], ("closes", "after opens")),
                ([support_span("17:00", "09:00")], ("closes", "after opens")),
                ([support_span("09:00", "24:01")], ("closes", "'24:01'", "24:00 at the latest")),
                ([support_span("09:00", "17:00", weekday=8)], ("'8, 1'", "weekday", "Monday")),
                ([support_span("09:00", "17:00", weekday=0)], ("weekday", "'0'")),
                ([support_span("09:00", "17:00", number=0)], ("span_number", "'0'")),
                (
                    [support_span("09:00", "12:01"), support_span("12:00", "17:00", 2)],
                    ("'1, 2'", "opens", "'12:00'", "do not overlap"),
                ),
            )
        ),
        Case(
            {
                SUPPORT_HOURS: [
                    support_span("09:00", "12:00"),
                    support_span("12:00", "24:00", 2),
                    support_span("9:00", "17:00", weekday=2),
                    support_span("", None, weekday=7),
                ]
            }
        ),
    ],
    "assert_product_use_is_readable": [
        Case(
            use_of(
                {"usage_date": date(2024, 1, 3), "seats_active": 8, "seats_paid": 7},
                {"usage_date": date(2024, 1, 2), "seats_active": 9, "seats_paid": 3},
            ),
            ("crm.product_usage", "'co_1, 2024-01-02'", "'seats_active'", "'9 of 3'", "Days: 2."),
        ),
        *(
            Case(
                use_of({"usage_date": date(2024, 1, 2), column: -1}),
                ("'co_1, 2024-01-02'", f"'{column}'", "'-1'", "0 or more", "Days: 1."),
            )
            for column in (
                "seats_active",
                "seats_paid",
                "daily_active_users",
                "monthly_active_users",
                "key_events",
            )
        ),
        Case(
            use_of(
                {"usage_date": date(2024, 1, 1), "seats_active": 3, "seats_paid": 3},
                # Of who pays for none, of a day that is not there yet, of a company that is not.
                {"usage_date": date(2024, 1, 2), "seats_active": 3, "seats_paid": 0},
                {"usage_date": date(2024, 1, 4), "seats_active": -3, "seats_paid": 1},
                {"usage_date": date(2024, 1, 2), "seats_active": -3, "company_id": "co_9"},
                {"usage_date": date(2024, 1, 2), "seats_active": 3},
            )
        ),
    ],
    "assert_nps_answers_are_readable": [
        *(
            Case(
                {FEEDBACK: [{"feedback_id": "f", "answer": answer}]},
                ("crm.feedback_submission", "'f'", "value", str(answer), "from 0 to 10"),
            )
            for answer in (-1, 11, 100)
        ),
        Case({FEEDBACK: [{"feedback_id": str(answer), "answer": answer} for answer in range(11)]}),
    ],
    "assert_segments_sum_to_support_adoption_and_promoters": [
        Case(
            {
                NPS_MONTHS: [{"month": date(2024, 1, 1), "respondents": 3, "promoters": 0, "detractors": 0}],
                NPS_SEGMENTS: [
                    {
                        "segment_type": segment_type,
                        "segment": "unknown",
                        "month": date(2024, 1, 1),
                        "respondents": 2 if segment_type == "region" else 3,
                        "promoters": 0,
                        "detractors": 0,
                    }
                    for segment_type in ACCOUNT_SEGMENT_TYPES
                ],
            },
            ("region", "respondents", "2024", "3", "2"),
        ),
        Case(
            {NPS_MONTHS: [{"month": date(2024, 1, 1), "respondents": 1}]},
            ("health_band", "respondents"),
        ),
        Case(
            {
                NPS_SEGMENTS: [
                    {
                        "segment_type": "country",
                        "segment": "DE",
                        "month": date(2024, 1, 1),
                        "promoters": 1,
                    }
                ]
            },
            ("country", "promoters"),
        ),
        Case(
            {
                NPS_MONTHS: [{"month": date(2024, 1, 1), "respondents": 3}],
                NPS_SEGMENTS: [
                    {
                        "segment_type": segment_type,
                        "segment": segment,
                        "month": date(2024, 1, 1),
                        "respondents": respondents,
                    }
                    for segment_type in ACCOUNT_SEGMENT_TYPES
                    for segment, respondents in (("a", 1), ("b", 2))
                ],
            }
        ),
    ],
    "assert_benchmarks_are_readable": [
        *(
            Case(
                {BENCHMARKS: [{"benchmark": "b", "rate": rate}]},
                ("policy.benchmarks", "'b'", "rate", "above 0 and up to 1"),
            )
            for rate in (None, 0, -1, 78)
        ),
        Case({BENCHMARKS: [{"benchmark": "b", "rate": Decimal(rate)} for rate in ("0.001", "0.78", "1")]}),
    ],
    "assert_time_surveys_are_readable": [
        Case(
            {SURVEYS: [survey(share_quantity=Decimal("0.6"), share_total=Decimal("0.999999"))]},
            ("ledger.time_survey", "E1, 2024-01-01", "share", "0.999999", "Expected shares that sum to 1"),
        ),
        *(
            Case(
                {SURVEYS: [survey(share_quantity=share)]},
                ("share", "Expected a share above 0 of function support"),
            )
            for share in (0, Decimal("-0.1"))
        ),
        Case(
            {SURVEYS: [survey(function_name="juggling", bucket=None)]},
            ("function", "juggling", "add it to the mapping function"),
        ),
        Case({SURVEYS: [survey(share_quantity=Decimal("0.4")), survey(share_quantity=Decimal("0.6"))]}),
    ],
    "assert_employees_have_a_bucket": [
        Case(
            {
                EMPLOYEE_MONTHS: [
                    {
                        "employee_id": "E1",
                        "month": date(2024, month, 1),
                        "department": "Orchard",
                        "function_name": "",
                    }
                    for month in (2, 1)
                ],
                EMPLOYEES: [{"employee_id": "E1", "function_name": "apples"}],
            },
            (
                "ledger.employee",
                "'E1'",
                "department",
                "Orchard",
                "From 2024-01-01 on, no rule",
                "function apples",
            ),
        ),
        Case(
            {
                EMPLOYEE_MONTHS: [
                    {
                        "employee_id": "E1",
                        "month": date(2024, 1, 1),
                        "department": "none",
                        "function_name": "",
                    }
                ],
                EMPLOYEES: [{"employee_id": "E1"}],
            },
            ("function none is not in policy cost_mappings",),
        ),
        Case(
            {DEPARTMENT_RULES: [{"department": "Orchard", "rule": "r", "contradicting_rule": "other_rule"}]},
            ("policy.cost_rules", "'r'", "priority", "other_rule", "Department Orchard has two rules"),
        ),
        Case(
            {
                EMPLOYEE_MONTHS: [
                    {"employee_id": "E1", "function_name": "", "bucket": "sales"},
                    {"employee_id": "E1", "function_name": "of a survey", "bucket": None},
                ],
                EMPLOYEES: [{"employee_id": "E1"}],
                DEPARTMENT_RULES: [{"department": "Orchard", "rule": "r"}],
            }
        ),
    ],
    "assert_employees_are_readable": [
        Case(
            {EMPLOYEES: [{"employee_id": "E1"}]},
            ("ledger.employee", "'E1'", "start_date", "no assignment says it either"),
        ),
        *(
            Case({ASSIGNMENTS: [{"employee_id": "E1", "fte": fte}]}, ("'E1'", "fte", "from 0 to 1000"))
            for fte in (Decimal("-0.1"), 1001)
        ),
        Case(
            {
                ASSIGNMENTS: [
                    {
                        "employee_id": "E1",
                        "department_reference": "",
                        "location_reference": "Leeds",
                        "valid_from": date(2024, 2, 1),
                        "valid_to": date(2024, 1, 31),
                    }
                ]
            },
            ("ledger.employee_assignment", "'E1'", "valid_to", "Expected a day after valid_from 2024-02-01"),
        ),
        Case(
            {
                EMPLOYEES: [{"employee_id": "E1"}, {"employee_id": "E2", "start_date": date(2024, 1, 1)}],
                ASSIGNMENTS: [
                    {
                        "employee_id": "E1",
                        "fte": 0,
                        "valid_from": date(2024, 2, 1),
                        "valid_to": date(2024, 2, 1),
                    },
                    # Nobody is assigned: the export says of an employee only from when to when.
                    {
                        "employee_id": "E3",
                        "department_reference": "",
                        "location_reference": "",
                        "fte": 1000,
                        "valid_from": date(2024, 2, 1),
                        "valid_to": date(2024, 1, 31),
                    },
                ],
            }
        ),
    ],
    "assert_assets_are_readable": [
        *(
            Case(
                {ASSETS: [capitalized_asset(**columns)]},
                ("ledger.capitalized_asset", "'FA-1'", *said),
            )
            for columns, said in (
                ({"currency_code": "EUR"}, ("currency", "EUR", "Expected the reporting currency USD")),
                ({"cost": None, "cost_minor": None}, ("cost", "NULL", "whole minor units")),
                ({"cost": Decimal("100.005")}, ("cost", "100.005", "whole minor units")),
                ({"cost": Decimal(-1), "cost_minor": -100}, ("cost", "-1", "at least 0")),
                ({"useful_life_months": None}, ("useful_life_months", "NULL", "1 to 1200 months")),
                ({"useful_life_months": 0}, ("useful_life_months", "0", "1 to 1200 months")),
                ({"useful_life_months": 1201}, ("useful_life_months", "1201", "1 to 1200 months")),
                ({"capitalized_on": None, "in_service_on": None}, ("capitalized_on", "Expected the day")),
                ({"disposed_on": date(2024, 1, 14)}, ("disposed_on", "2024-01-14", "service")),
                (
                    {"disposed_on": date(2023, 12, 31), "in_service_on": None},
                    ("disposed_on", "capitalisation"),
                ),
                ({"bucket": None, "kind": "ship"}, ("kind", "ship", "mapping asset_kind")),
                ({"bucket": None, "kind": None}, ("kind", "NULL")),
            )
        ),
        Case(
            {
                ASSETS: [
                    capitalized_asset(),
                    capitalized_asset(currency_code=None, disposed_on=date(2024, 1, 15)),
                    capitalized_asset(in_service_on=None, useful_life_months=None),
                    capitalized_asset(capitalized_on=None, useful_life_months=1200, cost=0, cost_minor=0),
                ]
            }
        ),
    ],
    "assert_expense_lines_are_whole_minor_units": [
        *(
            Case(
                {
                    EXPENSE_LINES: [
                        {
                            "transaction_id": "t",
                            "transaction_line_id": "1",
                            "amount": amount,
                            "amount_minor": 1000,
                            "minor_unit_digits": 2,
                        }
                    ]
                },
                ("ledger.transactionaccountingline", "t/1", "amount", "whole minor units"),
            )
            for amount in (Decimal("10.0049"), None)
        ),
        Case({EXPENSE_LINES: [{"amount": Decimal("-10.01"), "amount_minor": -1001, "minor_unit_digits": 2}]}),
    ],
    "assert_cloud_costs_can_be_valued": [
        Case(
            {RAW_CLOUD_COSTS: [{"invoice_id": "B1"}, {"invoice_id": "B1"}]},
            ("ledger.cloud_cost", "'B1'", "ChargePeriodStart", "2 rows have none"),
        ),
        Case({RAW_CLOUD_COSTS: [{"invoice_id": None}]}, ("no invoice",)),
        *(
            Case(
                {
                    CLOUD_COSTS: [
                        {"invoice_id": "B1", "month": date(2024, 1, 1), "currency_code": "EUR", known: 1}
                    ]
                },
                ("B1, 2024-01-01", "BillingCurrency", "EUR", "Expected a rate of this currency"),
            )
            for known in ("effective_cost", "billed_cost")
        ),
        Case(
            {
                RAW_CLOUD_COSTS: [{"charge_period_start_at": at("2024-01-01")}],
                CLOUD_COSTS: [{"invoice_id": "B1", "effective_cost": 1, "billed_cost": 0}],
            }
        ),
    ],
    "assert_environment_tags_are_known": [
        Case(
            {
                RAW_CLOUD_COSTS: [
                    {"invoice_id": "B1", "environment_tag": "lab"},
                    {"environment_tag": "lab"},
                ],
                COST_MAPPINGS: [{"mapping": "function", "value": "lab", "target": "support"}],
            },
            ("ledger.cloud_cost", "'B1'", "Tags", "lab", "2 charges follow the ratio"),
        ),
        Case(
            {
                RAW_CLOUD_COSTS: [
                    {"environment_tag": "v"},
                    {"environment_tag": None},
                    {"environment_tag": ""},
                ],
                COST_MAPPINGS: [mapping("environment", "production")],
            }
        ),
    ],
    "assert_people_of_time_records_are_employees": [
        Case(
            {RAW_SURVEYS: [{"employee_id": "E1"}, {"employee_id": "E1"}]},
            ("ledger.time_survey", "'E1'", "employee_id", "2 rows are left out"),
        ),
        Case(
            {RAW_ASSIGNMENTS: [{"employee_id": "E1"}]}, ("ledger.employee_assignment", "1 rows are left out")
        ),
        Case(
            {
                RAW_SURVEYS: [{"employee_id": "E1"}],
                RAW_ASSIGNMENTS: [{"employee_id": "E1"}],
                RAW_EMPLOYEES: [{"employee_id": "E1"}],
            }
        ),
    ],
    "assert_parts_of_an_expense_line_sum_to_it": [
        Case(
            {
                EXPENSE_LINES: [cost_line_key(amount_minor=1235)],
                COST_LINES: [cost_line(), cost_line(amount_minor=2)],
            },
            ("'t'", "1235", "1236"),
        ),
        Case({EXPENSE_LINES: [cost_line_key(amount_minor=1235)]}, ("'t'", "1235", "None")),
        Case({COST_LINES: [cost_line()]}, ("'t'", "1234", "None")),
        Case(
            {
                EXPENSE_LINES: [cost_line_key(amount_minor=0)],
                COST_LINES: [cost_line(), cost_line(amount_minor=-1234)],
            }
        ),
    ],
    "assert_every_asset_is_in_one_bucket": [
        Case(
            {ASSET_MONTHS: [asset_month(1, 10, 10), asset_month(2, 10, 20, bucket="overhead")]},
            ("FA-1", "is in 2 buckets"),
        ),
        Case(
            {ASSET_MONTHS: [asset_month(1, 10, 10), asset_month(2, 10, 20, pool="machines")]},
            ("is in 2 buckets",),
        ),
        Case({ASSET_MONTHS: [asset_month(1, 10, 10, bucket=None)]}, ("is in 0 buckets",)),
        Case(
            {ASSET_MONTHS: [asset_month(1, 10, 10), asset_month(2, 11, 20)]},
            ("FA-1", "has amortised 21 in its months and 20 in total"),
        ),
        Case(
            {
                ASSET_MONTHS: [
                    asset_month(1, 10, 10),
                    asset_month(2, 10, 20),
                    asset_month(3, 5, 0, is_disposed=True),
                ]
            }
        ),
    ],
    "assert_pools_are_of_one_bucket": [
        Case(
            {COST_LINES: [cost_line(bucket="sales", pool="p"), cost_line(bucket="marketing", pool="p")]},
            ("policy.cost_rules", "'p'", "marketing and sales", "another pool"),
        ),
        Case({COST_LINES: [cost_line(bucket="sales", pool="p"), cost_line(bucket="sales", pool="q")]}),
        Case({COST_LINES: [cost_line(bucket="sales", pool="p"), cost_line(bucket="sales", pool="p")]}),
    ],
    "assert_revenue_streams_have_a_margin_line": [
        *(
            Case(
                {
                    REVENUE: [
                        {"stream": "v", "invoice_line_item_id": one, "month": date(2024, 1, 1)}
                        for one in ("il_1", "il_2", "il_2")
                    ],
                    COST_MAPPINGS: mappings,
                },
                says,
            )
            for mappings, says in (
                ([], ("policy.cost_mappings", "stream v (2 invoice lines, among them il_1)")),
                ([mapping("function", "services")], ("revenue_stream, v,",)),
                ([mapping("revenue_stream", "sales")], ("'sales'",)),
                ([mapping("revenue_stream", "services")], ()),
                ([mapping("revenue_stream", "subscription")], ()),
            )
        ),
    ],
    "assert_allocations_give_out_what_comes_in": [
        *(
            Case({OVERHEAD: OVERHEAD_FLOWS, ALLOCATIONS: rows}, says)
            for rows, says in (
                ([], ("'departments'", "'buckets'", "'difference': Decimal('-3.0000')")),
                (
                    [
                        allocation(),
                        allocation(target_type="unallocated", target_id="unallocated"),
                        allocation(target_type="bucket", target_id="sales", allocated_amount=2),
                    ],
                    ("'departments'", "'difference': Decimal('-1.0000')"),
                ),
                (
                    [
                        allocation(allocated_amount=3),
                        allocation(target_type="bucket", target_id="sales", allocated_amount=2),
                    ],
                    ("'buckets'", "'difference': Decimal('-1.0000')"),
                ),
                (
                    [
                        allocation(),
                        allocation(from_department="hr"),
                        allocation(target_type="unallocated", target_id="unallocated"),
                        allocation(target_type="bucket", target_id="sales", allocated_amount=2),
                    ],
                    (),
                ),
                (
                    [
                        allocation(target_type="unallocated", target_id="unallocated", allocated_amount=3),
                        allocation(pool="rooms", target_type="unallocated", target_id="unallocated"),
                    ],
                    ("'rooms'", "'amount_in': Decimal('0.0000')"),
                ),
            )
        ),
        *(
            Case(
                {
                    COST_LINES: [
                        cost_line(bucket="sales", pool="it", amount_minor=100),
                        cost_line(bucket="overhead", pool="it", amount_minor=9),
                    ],
                    ALLOCATIONS: [
                        allocation(method="classified", target_type="bucket", allocated_amount=amount)
                    ],
                },
                says,
            )
            for amount, says in (
                (Decimal("0.99"), ("'classified'", "Decimal('-0.0100')")),
                (1, ()),
            )
        ),
        *(
            Case(
                {
                    ACCOUNT_POOLS: [{"month": date(2024, 1, 1), "pool": "it", "amount_minor": 300}],
                    ALLOCATIONS: [
                        allocation(method="proportional", target_type="account", target_id="a"),
                        allocation(method="proportional", target_type="unallocated", allocated_amount=amount),
                    ],
                },
                says,
            )
            for amount, says in (
                (Decimal("1.99"), ("'accounts'", "Decimal('-0.0100')")),
                (2, ()),
            )
        ),
    ],
    "assert_operating_costs_sum_to_what_was_posted": [
        *(
            Case(
                {
                    COST_LINES: [
                        cost_line(bucket="overhead", amount_minor=100),
                        cost_line(bucket="sales", amount_minor=7),
                    ],
                    OPERATING_COSTS: [
                        {
                            "month": date(2024, 1, 1),
                            "bucket": "sales",
                            "posted_minor": posted,
                            "overhead_minor": overhead,
                        },
                        {
                            "month": date(2024, 1, 1),
                            "bucket": "overhead",
                            "posted_minor": 0,
                            "overhead_minor": 40,
                        },
                    ],
                },
                says,
            )
            for posted, overhead, says in (
                (7, 59, ("'overhead'", "'difference': Decimal('-1')")),
                (8, 60, ("'sales'", "'difference': Decimal('1')")),
                (7, 60, ()),
            )
        ),
        Case({COST_LINES: [cost_line(bucket="sales", amount_minor=7)]}, ("'sales'", "Decimal('-7')")),
    ],
    "assert_accounts_sum_to_the_cost_of_revenue": [
        *(
            Case(
                {
                    OPERATING_COSTS: [
                        {
                            "month": date(2024, 1, 1),
                            "bucket": bucket,
                            "posted_minor": 200,
                            "overhead_minor": 100,
                        }
                        for bucket in ("support", "sales", "customer_success")
                    ],
                    COSTS_OF_REVENUE: [
                        {"account_id": one, "month": date(2024, 1, 1), "bucket": bucket, "amount": amount}
                        for one, bucket, amount in rows
                    ],
                },
                says,
            )
            for rows, says in (
                ((("a", "support", 2),), ("'overhead'", "'difference': Decimal('-1.0000')")),
                (
                    (("a", "support", 1), ("a", "overhead", 1), ("unallocated", "support", Decimal("0.99"))),
                    ("'support'", "'difference': Decimal('-0.0100')"),
                ),
                (
                    (("a", "support", 2), ("a", "overhead", 1), ("a", "customer_success", 2)),
                    ("'customer_success'", "'difference': Decimal('2.0000')"),
                ),
                ((("a", "support", 1), ("unallocated", "support", 1), ("b", "overhead", 1)), ()),
            )
        ),
    ],
    "assert_margins_of_accounts_and_segments_sum_to_the_month": [
        *(
            Case(
                {MARGINS: [margin(**{amount: 2})], **divided_margins(**{amount: 1})},
                ("'account'", *(f"'{one}'" for one in SEGMENT_TYPES), f"'{amount}': Decimal('-1.0000')"),
            )
            for amount in MARGIN_AMOUNTS
        ),
        Case({MARGINS: [margin()]}, ("'account'", "'country'")),
        Case(divided_margins(), ("'account'", "'country'")),
        Case(
            {MARGINS: [margin(total_margin_amount=None)], **divided_margins()},
            ("'total_margin_amount': None",),
        ),
        Case({MARGINS: [margin(total_margin_amount=None)], **divided_margins(total_margin_amount=None)}),
        Case(
            {
                MARGINS: [margin(hosting_amount=3)],
                ACCOUNT_MARGINS: [
                    margin(account_id="a", hosting_amount=1),
                    margin(account_id="unallocated", hosting_amount=2),
                ],
                SEGMENT_MARGINS: [
                    margin(segment_type=one, segment=segment, hosting_amount=amount)
                    for one in SEGMENT_TYPES
                    for segment, amount in (("s", 4), ("t", -1))
                ],
            },
        ),
    ],
    "assert_gross_margin_is_of_the_published_revenue_and_costs": [
        *(
            Case(
                {
                    MARGINS: [margin(total_revenue_amount=5, cost_of_revenue_amount=3)],
                    ACCOUNT_REVENUE: [
                        {"month": date(2024, 1, 1), "net_revenue_reporting_amount": amount}
                        for amount in (2, revenue)
                    ],
                    COSTS_OF_REVENUE: [{"month": date(2024, 1, 1), "amount": accounts}],
                    COST_OF_REVENUE_LINES: [{"month": date(2024, 1, 1), "amount": lines}],
                },
                says,
            )
            for revenue, accounts, lines, says in (
                (2, 3, 3, ("revenue of fct_revenue_by_account_month", "Decimal('1.0000')")),
                (3, 4, 3, ("cost of fct_cost_of_revenue_by_account_month", "Decimal('-1.0000')")),
                (3, 3, 4, ("cost of fct_cost_of_revenue_lines_by_month", "Decimal('-1.0000')")),
                (3, 3, 3, ()),
            )
        ),
        Case(
            {ACCOUNT_REVENUE: [{"month": date(2024, 1, 1), "net_revenue_reporting_amount": 1}]},
            ("Decimal('-1.0000')",),
        ),
    ],
    "assert_account_role_rules_are_readable": [
        Case({ROLES: [role_rule(account_type="")]}, ("policy.account_roles", "'r'", "matches every account")),
        Case(
            {ROLES: [role_rule(role="contra_revenue", revenue_stream="usage")]},
            ("'r'", "revenue_stream", "usage", "only the role revenue has a stream"),
        ),
        Case(
            {
                ROLES: [
                    role_rule(revenue_stream="usage"),
                    role_rule(account_type="", account_number="4000", role="other"),
                    role_rule(account_type="", account_name="refunds", role="contra_revenue"),
                ]
            }
        ),
    ],
    "assert_billing_intervals_are_known": [
        Case({PRICES: [price(billing_interval="fortnight")]}, ("billing.price", "p", "fortnight x 1")),
        Case({PRICES: [price(billing_interval=None)]}, ("NULL x 1",)),
        Case({PRICES: [price(billing_interval_count=0)]}, ("month x 0",)),
        Case(
            {
                PRICES: [
                    price(price_id=unit, billing_interval=unit) for unit in ("day", "week", "month", "year")
                ]
            }
        ),
        Case({PRICES: [price(price_type="one_time", billing_interval=None)]}),
        Case({PRICES: [price(billing_interval="fortnight", is_live=False)]}),
    ],
    "assert_commitments_are_complete": [
        Case({COMMITTED: [agreed(has_price=False)]}, ("billing.subscription_item", "'si'", "'p'", "not in")),
        Case(
            {COMMITTED: [agreed(price_id="p", billable_quantity=None, stated_quantity=None)]},
            ("quantity", "NULL", "it has none"),
        ),
        Case(
            {COMMITTED: [agreed(price_id="p", billable_quantity=None, stated_minimum_quantity="10.5")]},
            ("quantity", "it has 10.5"),
        ),
        Case({COMMITTED: [agreed(price_id="p", billable_quantity=7)]}, ("price_id", "'p'", "what 7 of")),
        Case(
            {
                COMMITTED: [
                    agreed(price_id="p", billable_quantity=7),
                    # Metered; named by invoices only; in service by now.
                    agreed(subscription_item_id="metered"),
                    agreed(subscription_item_id="invoiced", has_price=None),
                    agreed(subscription_item_id="served", has_price=False),
                ],
                VALUED: [{"price_id": "p", "billable_quantity": 7, "mrr_amount_in_currency": 1}],
                "intermediate.int_item_mrr_intervals": [{"subscription_item_id": "served"}],
            }
        ),
    ],
    "assert_constant_currency_has_rates": [
        Case(
            {ITEM_MONTHS: [{"currency_code": "EUR", "constant_currency_mrr_amount": None}]},
            ("ledger.currencyrate", "EUR", "2024-01-01", "constant_currency_mrr_amount is NULL"),
        ),
        Case({ITEM_MONTHS: [{"currency_code": "EUR", "constant_currency_mrr_amount": 1}]}),
    ],
    "assert_currencies_are_known": [
        Case(
            {PRICES: [price(currency_code="QQQ", minor_unit_digits=None)]},
            ("billing.price", "p", "QQQ", "iso_4217"),
        ),
        Case({PRICES: [price(currency_code="JPY", minor_unit_digits=0)]}),
        Case({PRICES: [price(currency_code="QQQ", minor_unit_digits=None, is_live=False)]}),
        Case({INVOICES: [{"invoice_id": "in", "currency_code": "QQQ"}]}, ("billing.invoice", "in", "QQQ")),
        Case({INVOICES: [{"invoice_id": "in"}]}, ("billing.invoice", "NULL")),
        Case({INVOICES: [{"invoice_id": "in", "currency_code": "JPY", "minor_unit_digits": 0}]}),
        Case(
            {MOVEMENTS: [{"balance_transaction_id": "txn", "currency_code": "QQQ"}]},
            ("billing.balance_transaction", "txn", "QQQ"),
        ),
        Case(
            {MOVEMENTS: [{"balance_transaction_id": "txn", "currency_code": "USD", "minor_unit_digits": 2}]}
        ),
    ],
    "assert_definition_differences_add_up": [
        Case(
            {DEFINITIONS: [definition_month("tieout", 10), definition_month("other", 12)]},
            ("other", "12.0000", "10.0000"),
        ),
        Case(
            {
                DEFINITIONS: [definition_month("tieout", 10), definition_month("other", 12)],
                DEFINITION_DIFFERENCES: [
                    {"definition_set": "other", "month": date(2024, 1, 1), "difference_amount": 1}
                ],
            },
            ("other", "1.0000"),
        ),
        Case(
            {
                DEFINITIONS: [definition_month("tieout", 10), definition_month("other", 12)],
                DEFINITION_DIFFERENCES: [
                    {"definition_set": "other", "month": date(2024, 1, 1), "difference_amount": amount}
                    for amount in (5, -3)
                ],
            }
        ),
    ],
    "assert_definition_sets_are_readable": [
        *(
            Case({DEFINITION_POLICIES: [definition(key, value)]}, ("other: " + key, value, "Expected"))
            for key, value in (
                ("coupons", "all"),
                ("cancellation", "at once"),
                ("past_due_churn_days", "soon"),
                ("past_due_churn_days", "-1"),
                ("paused_service", "yes"),
                ("late_renewals", "yes"),
                ("unpaid_service", "yes"),
                ("first_payment", "yes"),
                ("trial_of_payer", "yes"),
                ("metered_usage", "yes"),
                ("weeks_per_year", "0"),
                ("days_per_year", "many"),
                ("exchange_rate_day", "today"),
                ("churned_mrr", "all"),
                ("to_free", "none"),
                ("pause", "none"),
                ("logo_churn_base", "closing"),
                ("churn_unit", "item"),
                ("nrr_window_months", "0"),
            )
        ),
        Case(
            {COMPANY_DEFINITIONS: [definition("coupon", "every")]},
            ("policy.definition_sets", "other: coupon", "No definition set decides by this key"),
        ),
        Case(
            {
                COMPANY_DEFINITIONS: [{**definition("coupons", "every"), "definition_set": "tieout"}],
                DEFAULT_DEFINITIONS: [{**definition("coupons", "recurring"), "definition_set": "tieout"}],
                DEFINITION_POLICIES: [definition("coupons", "recurring")],
            },
            ("tieout: coupons", "every", "Our own definition"),
        ),
        Case(
            {
                COMPANY_DEFINITIONS: [{**definition("coupons", "recurring"), "definition_set": "tieout"}],
                DEFAULT_DEFINITIONS: [{**definition("coupons", "recurring"), "definition_set": "tieout"}],
                DEFINITION_POLICIES: [
                    definition("coupons", "recurring"),
                    definition("past_due_churn_days", None),
                    definition("past_due_churn_days", "never"),
                    definition("past_due_churn_days", "0"),
                    definition("weeks_per_year", "51.96"),
                    definition("nrr_window_months", "1"),
                ],
            }
        ),
    ],
    "assert_discounts_are_readable": [
        Case(
            {COUPONS: [coupon(has_coupon=False, percent_off=None, duration=None, is_recurring=False)]},
            ("billing.discount", "coupon_id", "TEN", "line il is not in the export"),
        ),
        Case(
            {COUPONS: [coupon(coupon_id=None, has_coupon=False, percent_off=None, duration=None)]},
            ("billing.discount", "coupon_id", "NULL"),
        ),
        Case({COUPONS: [coupon(duration="for ever")]}, ("billing.coupon", "TEN", "duration", "for ever")),
        Case({COUPONS: [coupon(duration=None)]}, ("'column_name': 'duration'", "NULL")),
        Case(
            {COUPONS: [coupon(duration="repeating", duration_in_months=None)]}, ("duration_in_months", "NULL")
        ),
        Case({COUPONS: [coupon(duration="repeating", duration_in_months=0)]}, ("duration_in_months", "'0'")),
        Case({COUPONS: [coupon(percent_off=None)]}, ("percent_off", "NULL", "either a percentage")),
        Case({COUPONS: [coupon(amount_off_minor=500)]}, ("percent_off", "10.0000", "either a percentage")),
        Case({COUPONS: [coupon(percent_off=Decimal("100.0001"))]}, ("percent_off", "100.0001")),
        Case({COUPONS: [coupon(percent_off=Decimal("-0.0001"))]}, ("percent_off", "-0.0001")),
        Case({COUPONS: [amount_off(amount_off_minor=-1)]}, ("percent_off", "amount_off of 0 or more")),
        Case({COUPONS: [amount_off(amount_off_minor=10**9 + 1)]}, ("10^9 minor units",)),
        Case({COUPONS: [amount_off(coupon_currency_code="EUR")]}, ("currency", "EUR", "il is in USD")),
        Case(
            {
                COUPONS: [coupon(), coupon(coupon_id="FIVE", percent_off=5)],
                DISCOUNTS: [
                    {
                        "subscription_item_id": "si",
                        "period_start_at": at("2024-01-01"),
                        "kept_trillionths": None,
                    }
                ],
            },
            ("Line il has 2 discounts", "more than 12 decimals"),
        ),
        Case(
            {
                COUPONS: [
                    coupon(),
                    coupon(coupon_id="ALL", percent_off=100),
                    coupon(coupon_id="NONE", percent_off=0),
                    coupon(coupon_id="ONCE", duration="once", is_recurring=False),
                    coupon(coupon_id="YEAR", duration="repeating", duration_in_months=12),
                    amount_off(coupon_id="OFF"),
                    amount_off(coupon_id="MOST", amount_off_minor=10**9),
                    amount_off(coupon_id="OLD", coupon_currency_code=None),
                ],
                DISCOUNTS: [
                    {
                        "subscription_item_id": "si",
                        "period_start_at": at("2024-01-01"),
                        "kept_trillionths": 0,
                    }
                ],
            }
        ),
    ],
    "assert_every_mrr_item_and_billed_amount_is_bridged_once": [
        Case(
            {
                ITEM_MONTHS: [{"subscription_item_id": "si", "month": date(2024, 1, 1), "mrr_amount": 10}],
                BRIDGED_ITEMS: [bridged_item()],
                REVENUE: [
                    obligation_revenue(billed_reporting_minor=400),
                    obligation_revenue("included_support", billed_reporting_minor=600),
                    # Revenue of a later month, in which nothing is billed.
                    obligation_revenue(month=date(2024, 2, 1), billed_reporting_minor=0),
                ],
                BRIDGED_LINES: [
                    bridged_line(),
                    # Billed for nothing.
                    bridged_line(invoice_line_item_id="free", billed_reporting_minor=0),
                ],
                BRIDGED_OBLIGATIONS: [
                    bridged_obligation(),
                    bridged_obligation("included_support"),
                    bridged_obligation(month=date(2024, 2, 1), billing_class="billed_earlier"),
                ],
            }
        ),
        Case(
            {ITEM_MONTHS: [{"subscription_item_id": "si", "month": date(2024, 1, 1), "mrr_amount": 10}]},
            ("MRR of a subscription item", "si", "10.0000"),
        ),
        Case({BRIDGED_ITEMS: [bridged_item()]}, ("MRR of a subscription item", "si", "10.0000")),
        Case(
            {
                ITEM_MONTHS: [{"subscription_item_id": "si", "month": date(2024, 1, 1), "mrr_amount": 10}],
                BRIDGED_ITEMS: [bridged_item(mrr_amount=Decimal("10.0001"))],
            },
            ("MRR of a subscription item", "10.0001"),
        ),
        Case(
            {
                ITEM_MONTHS: [{"subscription_item_id": "si", "month": date(2024, 1, 1), "mrr_amount": 10}],
                BRIDGED_ITEMS: [bridged_item(billing_class=None)],
            },
            ("MRR of a subscription item", "None"),
        ),
        Case(
            {
                REVENUE: [obligation_revenue(billed_reporting_minor=1000)],
                BRIDGED_OBLIGATIONS: [bridged_obligation()],
            },
            ("billing of an invoice line", "il", "1000.0000"),
        ),
        Case({BRIDGED_LINES: [bridged_line()]}, ("billing of an invoice line", "il", "1000.0000")),
        *(
            Case(
                {
                    REVENUE: [obligation_revenue(billed_reporting_minor=1000)],
                    BRIDGED_LINES: [bridged_line(**wrong)],
                    BRIDGED_OBLIGATIONS: [bridged_obligation()],
                },
                ("billing of an invoice line", "il"),
            )
            for wrong in ({"billed_reporting_minor": 999}, {"billing_class": None})
        ),
        Case(
            {REVENUE: [obligation_revenue(billed_reporting_minor=0)]},
            ("revenue of a performance obligation", "il", "300.0000"),
        ),
        Case(
            {BRIDGED_OBLIGATIONS: [bridged_obligation()]},
            ("revenue of a performance obligation", "il", "300.0000"),
        ),
        *(
            Case(
                {
                    REVENUE: [obligation_revenue(billed_reporting_minor=0)],
                    BRIDGED_OBLIGATIONS: [bridged_obligation(**wrong)],
                },
                ("revenue of a performance obligation", "il"),
            )
            for wrong in ({"recognized_reporting_minor": 299}, {"billing_class": None})
        ),
    ],
    "assert_renewals_of_the_bridge_have_their_lines": [
        Case({BRIDGED_ITEMS: [bridged_item()], BRIDGED_LINES: [bridged_line()]}),
        # Free service has no MRR, and what was billed earlier no line of the month.
        Case({BRIDGED_LINES: [bridged_line()]}),
        Case({BRIDGED_ITEMS: [bridged_item(billing_class="billed_earlier")]}),
        *(
            Case(
                {BRIDGED_ITEMS: [bridged_item()], BRIDGED_LINES: lines},
                ("no line that bills it",),
            )
            for lines in (
                [],
                [bridged_line(billing_class="replaced_service")],
                [bridged_line(month=date(2024, 2, 1))],
                [bridged_line(subscription_item_id="si_2")],
            )
        ),
        *(
            Case(
                {BRIDGED_ITEMS: [bridged_item()], BRIDGED_LINES: [bridged_line(), bridged_line(**wrong)]},
                ("served from elsewhere",),
            )
            for wrong in ({"invoice_id": "in_2"}, {"statement_start_at": at("2024-01-02")})
        ),
        Case(
            {
                BRIDGED_ITEMS: [bridged_item(billing_class="billed_earlier")],
                BRIDGED_LINES: [bridged_line()],
            },
            ("served from elsewhere",),
        ),
    ],
    "assert_rounding_of_renewals_is_only_rounding": [
        # A cent and 0.00005 a month, 4 decimals: of a month 0.01005, of a year 0.0106.
        *(Case(renewal_rounded(left)) for left in ("0", "0.01", "-0.01")),
        *(Case(renewal_rounded(left), ("si", left)) for left in ("0.0101", "-0.0101")),
        *(Case(renewal_rounded(left, interval_months_divisor=1)) for left in ("0.0106", "-0.0106")),
        Case(renewal_rounded("0.0107", interval_months_divisor=1), ("0.0107",)),
        Case(renewal_rounded("10.81", interval_months_divisor=1), ("10.8100",)),
        # Of a week, 12/52 of a month: the cent, 0.0000115..., and 0.00005 for its own rounding.
        Case(renewal_rounded("0.0100", interval_months_divisor=52)),
        Case(renewal_rounded("0.0101", interval_months_divisor=52), ("0.0101",)),
        # A yen has no minor unit.
        Case(renewal_rounded("1", minor_unit_digits=0, reporting_minor_unit_digits=0)),
        Case(
            renewal_rounded("1.0001", minor_unit_digits=0, reporting_minor_unit_digits=0),
            ("1.0001",),
        ),
        # Euros at 1.1: 0.011055, five amounts of half a cent, and 0.00005; of two lines eight.
        *(
            Case(renewal_rounded(left, **columns), says)
            for left, lines, says in (
                ("0.0361", 1, ()),
                ("0.0362", 1, ("0.0362",)),
                ("0.0511", 2, ()),
                ("0.0512", 2, ("0.0512",)),
            )
            for columns in (
                {
                    "line_count": lines,
                    "exchange_rate": Decimal("1.1"),
                    "rate_numerator": 11,
                    "rate_denominator": 10,
                },
            )
        ),
        # Nobody can say.
        Case(renewal_rounded(None), ("si",)),
    ],
    "assert_exchange_rates_are_positive": [
        *(
            Case(
                {
                    RATES: [
                        {"currency_code": "EUR", "effective_date": date(2024, 1, 1), "exchange_rate": rate}
                        for rate in rates
                    ]
                },
                says,
            )
            for rates, says in (
                ([Decimal(0)], ("ledger.currencyrate", "EUR", "0.000000000000", "2024-01-01")),
                ([Decimal("-1.1")], ("-1.100000000000",)),
                ([None], ("EUR",)),
                ([Decimal("1.1"), Decimal("1.2")], ("1.100000000000000000, 1.200000000000000000",)),
                ([Decimal("0.000000000001")], ()),
            )
        ),
        Case(
            {
                RATES: [
                    {"currency_code": "EUR", "effective_date": date(2024, 1, day), "exchange_rate": 1}
                    for day in (1, 2)
                ]
            }
        ),
        *(
            Case(
                {
                    INVOICES: [{"invoice_id": "in"}],
                    LEDGER_TRANSACTIONS: [
                        {"transaction_id": "7", "external_id": document, "exchange_rate": rate}
                    ],
                },
                says,
            )
            for document, rate, says in (
                ("in", 0, ("ledger.transaction", "'7'", "The rate of invoice in must be above 0.")),
                ("in", Decimal("-1.1"), ("-1.1",)),
                ("in", Decimal("0.000000000001"), ()),
                ("in", None, ()),
                ("ch", 0, ()),
                (None, 0, ()),
            )
        ),
    ],
    "assert_exchange_rates_are_there": [
        Case(
            {
                ITEM_MONTHS: [
                    {
                        "currency_code": "EUR",
                        "month": date(2024, 1, 1),
                        "next_month": date(2024, 2, 1),
                        "revalued_mrr_amount": 1,
                    }
                ]
            },
            ("No rate of EUR against USD on 2024-01-31 or at most 7 days before.",),
        ),
        Case(
            {
                ITEM_MONTHS: [
                    {
                        "currency_code": "EUR",
                        "month": date(2024, 1, 1),
                        "next_month": date(2024, 2, 1),
                        "mrr_amount": 1,
                    }
                ]
            },
            ("No rate of EUR against USD on 2024-02-29",),
        ),
        Case(
            {
                ITEM_MONTHS: [
                    {
                        "currency_code": "EUR",
                        "month": date(2023, 2, 1),
                        "next_month": date(2023, 3, 1),
                        "mrr_amount": 1,
                    }
                ]
            },
            ("No rate of EUR against USD on 2024-02-29",),
        ),
        Case(
            {
                ITEM_MONTHS: [
                    {
                        "currency_code": "EUR",
                        "month": date(2023, 2, 1),
                        "next_month": date(2023, 3, 1),
                        "mrr_amount": 1,
                        "revalued_in_a_year_mrr_amount": 1,
                    }
                ]
            },
        ),
        Case(
            {
                ITEM_MONTHS: [
                    {
                        "currency_code": "EUR",
                        "month": date(2024, 3, 1),
                        "next_month": date(2024, 4, 1),
                        "mrr_amount": 1,
                    }
                ]
            },
        ),
        Case(
            {CHANGES: [{"currency_code": "EUR", "event_date": date(2024, 2, 5)}]},
            ("No rate of EUR against USD on 2024-02-29",),
        ),
        Case(
            {
                CHANGES: [{"currency_code": "EUR", "event_date": date(2024, 2, 5)}],
                MONTH_RATES: [{"currency_code": "EUR", "month": date(2024, 2, 1), "exchange_rate": 1}],
            }
        ),
        *(
            Case(
                {table: [{"account_id": "a", "month": date(2024, 2, 1), "currency_code_without_rate": code}]},
                says,
            )
            for table in (COMMITMENTS, USAGE)
            for code, says in (("EUR", ("No rate of EUR against USD on 2024-02-29",)), (None, ()))
        ),
        *(
            Case(
                {
                    PROCESSOR_FEES: [
                        {"account_id": "a", "month": date(2024, 2, 1), "currency_code_without_rate": code}
                    ],
                    OPERATING_COSTS: [{"month": month, "bucket": "sales"}],
                },
                says,
            )
            for code, month, says in (
                ("EUR", date(2024, 2, 1), ("No rate of EUR against USD on 2024-02-29",)),
                ("EUR", date(2024, 1, 1), ()),
                (None, date(2024, 2, 1), ()),
            )
        ),
        *(
            Case(
                {
                    INVOICES: [
                        {"invoice_id": invoice_id, "currency_code": "EUR", "billed_on": date(2024, 2, 29)}
                        for invoice_id in invoice_ids
                    ],
                    INVOICE_RATES: [
                        {"invoice_id": invoice_id, "currency_code": "EUR", "exchange_rate": rate}
                        for invoice_id in invoice_ids
                    ],
                },
                says,
            )
            for invoice_ids, rate, says in (
                (
                    ["in_1"],
                    None,
                    (
                        "'EUR'",
                        "No rate of EUR against USD on 2024-02-29 or at most 7 days before, and the ledger"
                        " has none of its own, for invoice in_1.",
                    ),
                ),
                (["in_2", "in_1", "in_3"], None, ("for invoice in_1 and 2 more of that day.",)),
                (["in_1"], 1, ()),
            )
        ),
    ],
    "assert_free_prorations_say_which_side_they_are": [
        Case(
            {
                LINES: [proration("il_0", 0), proration("il_1", -100)],
                RAW_LINES: [{"invoice_line_item_id": "il_0"}, {"invoice_line_item_id": "il_1"}],
            },
            ("il_0", "description", "NULL", "whether it is the credit or the charge"),
        ),
        *(
            Case(
                {
                    LINES: [proration("il_0", 0), proration("il_1", 100)],
                    RAW_LINES: [{"invoice_line_item_id": "il_0", "description": f"{side} time on Free"}],
                }
            )
            for side in ("Unused", "Remaining")
        ),
        Case({LINES: [proration("il_0", 0)], RAW_LINES: [{"invoice_line_item_id": "il_0"}]}),
    ],
    "assert_ledger_accounts_have_a_role": [
        Case(
            {
                LEDGER_ACCOUNTS: [ledger_account(account_type="Unheard", rule=None, account_role=None)],
                LEDGER_LINES: [{"account_id": "4000"}, {"account_id": "4000"}],
            },
            ("ledger.account", "'4000'", "accttype", "Unheard", "Account Usage has 2 postings and no rule"),
        ),
        Case(
            {
                LEDGER_ACCOUNTS: [
                    ledger_account(account_full_name=None, account_type=None, account_role=None),
                ],
                LEDGER_LINES: [{"account_id": "4000"}],
            },
            ("NULL", "Account 4000 has 1 postings"),
        ),
        Case(
            {
                LEDGER_ACCOUNTS: [ledger_account(contradicting_rule="other_rule")],
                LEDGER_LINES: [{"account_id": "4000"}],
            },
            ("policy.account_roles", "'r'", "priority", "other_rule", "Account Usage has two rules"),
        ),
        Case(
            {
                LEDGER_ACCOUNTS: [
                    ledger_account(),
                    ledger_account(account_id="without_postings", account_role=None),
                    ledger_account(account_id="quarrelled_about", contradicting_rule="other_rule"),
                ],
                LEDGER_LINES: [{"account_id": "4000"}, {"account_id": "not in the chart of accounts"}],
            }
        ),
    ],
    "assert_ledger_currencies_are_known": [
        Case(
            {
                LEDGER_ENTRIES: [
                    {"transaction_id": "t2", "currency_code": "77"},
                    {"transaction_id": "t1", "currency_code": "77"},
                ]
            },
            ("ledger.transaction", "'t1'", "currency", "'77'", "2 entries have this currency"),
        ),
        Case({LEDGER_ENTRIES: [{"transaction_id": "t1", "currency_code": "KWD"}]}),
    ],
    "assert_our_definition_is_the_published_bridge": [
        Case({BRIDGE: [bridge()], METRICS: [metrics()]}, ("2024",)),
        *(
            Case(
                {
                    BRIDGE: [bridge(**bridge_columns)],
                    METRICS: [metrics(**metric_columns)],
                    DEFINITIONS: [definition_month("tieout", **definition_columns)],
                },
                ("2024",),
            )
            for bridge_columns, metric_columns, definition_columns in (
                *(({f"{name}_amount": 1}, {}, {}) for name in ("opening_mrr", *CLASSES, "fx", "closing_mrr")),
                *(({f"{name}_account_count": 1}, {}, {}) for name in ("opening", "churn", "closing")),
                *(
                    ({}, {column: 1}, {})
                    for column in (
                        *("nrr_numerator_amount", "nrr_denominator_amount", "revalued_opening_mrr_amount"),
                        *(f"{name}_rate" for name in ("nrr", "logo_churn", "gross_mrr_churn")),
                        "net_mrr_churn_rate",
                    )
                ),
                *(({}, {}, {column: 1}) for column in ("churned_mrr_amount", "difference_amount")),
            )
        ),
        Case(
            {
                BRIDGE: [bridge()],
                METRICS: [metrics()],
                DEFINITIONS: [definition_month("tieout"), definition_month("other", 12)],
            }
        ),
    ],
    "assert_price_types_are_known": [
        Case(
            {PRICES: [price(price_type="subscription", usage_type="licensed")]},
            ("billing.price", "p", "type", "subscription"),
        ),
        Case({PRICES: [price(usage_type="metred")]}, ("recurring_usage_type", "metred")),
        Case({PRICES: [price(usage_type="metered"), price(usage_type="licensed", price_type="one_time")]}),
        Case({PRICES: [price(usage_type="metred", is_live=False)]}),
    ],
    "assert_costs_of_accounts_fit_exact_arithmetic": [
        Case({ACCOUNT_POOLS: [cost_pool(amount, total)], COST_DRIVERS: [cost_driver(quantity)]}, says)
        for amount, total, quantity, says in (
            (10**12, 10**16, 10**16, ()),
            (-(10**15), 1, 1, ()),
            (10**12, 10**17, 10**17, ("Pool hosting of 1000000000000 minor units", "compute_units")),
            (-(10**12), 10**17, -(10**17), ("Pool hosting of -1000000000000 minor units",)),
            (1, 10**21, 10**16, ("Pool hosting",)),
            (10**16, 1, 1, ("Pool hosting",)),
            (10**12, Decimal("0.5"), 10**6, ("Pool hosting",)),
            (10**17, None, 10**17, ()),
        )
    ],
    "assert_prices_fit_exact_arithmetic": [
        Case(
            {
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 10**12}],
                PRICES: [price(unit_amount_minor=101, billing_interval="day")],
                "reference.billing_intervals": [{"billing_interval": "day", "intervals_per_year": 365}],
            },
            ("il", "10^13 in a year"),
        ),
        Case(
            {
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 10**12}],
                PRICES: [price(unit_amount_minor=101, billing_interval="year")],
                "reference.billing_intervals": [{"billing_interval": "year", "intervals_per_year": 1}],
            },
        ),
        Case(
            {
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 10**18}],
                PRICES: [price(unit_amount_minor=1000)],
            },
            ("il", "quantity", "1000000000000000000", "price p"),
        ),
        Case(
            {
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 1}],
                PRICES: [TIERED],
                TIERS: [{**tier(1, 0, None, last=True), "flat_amount_minor": 10**17}],
            },
            ("il", "price p"),
        ),
        Case(
            {
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 10**9}],
                PRICES: [price(unit_amount_minor=1000)],
            }
        ),
    ],
    "assert_product_classes_are_known": [
        Case(
            {PRODUCTS: [{"product_id": "prod", "is_live": True, "licence_type": "Perpetual"}]},
            ("billing.product", "prod", "licence_type", "Perpetual"),
        ),
        Case(
            {PRODUCTS: [{"product_id": "prod", "is_live": True, "revenue_stream": "one-off"}]},
            ("prod", "revenue_stream", "one-off"),
        ),
        Case(
            {
                PRODUCTS: [
                    {"product_id": "a", "is_live": True, "licence_type": None, "revenue_stream": "setup"},
                    {"product_id": "b", "is_live": True, "licence_type": "maintenance"},
                    {"product_id": "c", "is_live": False, "licence_type": "trial"},
                ]
            }
        ),
    ],
    "assert_ids_stand_in_their_own_columns": [
        Case(
            {
                CUSTOMERS: [
                    {"customer_id": "cus", "is_in_export": True},
                    {"customer_id": "sub", "is_in_export": False},
                ],
                SUBSCRIPTIONS: [{"subscription_id": "cus", "customer_id": "sub"}],
            },
            ("billing.subscription", "'cus'", "customer_id sub is none"),
        ),
        Case(
            {
                PRODUCTS: [
                    {"product_id": "prod", "is_in_export": True},
                    {"product_id": "price", "is_in_export": False},
                ],
                PRICES: [price(price_id="prod", product_id="price")],
            },
            ("billing.price", "'prod'", "product_id price is none"),
        ),
        # The same id for a customer and its subscription is no mistake, nor is a customer who is gone.
        Case(
            {
                CUSTOMERS: [
                    {"customer_id": "1", "is_in_export": True},
                    {"customer_id": "gone", "is_in_export": False},
                ],
                SUBSCRIPTIONS: [
                    {"subscription_id": "1", "customer_id": "1"},
                    {"subscription_id": "2", "customer_id": "gone"},
                ],
                PRODUCTS: [
                    {"product_id": "1", "is_in_export": True},
                    {"product_id": "gone", "is_in_export": False},
                ],
                PRICES: [
                    price(price_id="1", product_id="1"),
                    price(price_id="2", product_id="gone"),
                ],
            }
        ),
    ],
    "assert_invoice_line_periods_do_not_end_before_they_start": [
        *(
            Case(
                {
                    RAW_LINES: [
                        living(
                            invoice_line_item_id="il",
                            invoice_id=invoice_id,
                            period_start_at=start,
                            period_end_at=end,
                            **columns,
                        )
                    ],
                    INVOICES: [{"invoice_id": "in", "billed_on": date(2024, 2, 29)}],
                },
                says,
            )
            for invoice_id, start, end, columns, says in (
                (
                    "in",
                    at("2024-02-01"),
                    at("2024-01-31"),
                    {},
                    (
                        "billing.invoice_line_item",
                        "'il'",
                        "2024-01-31 00:00:00",
                        "at 2024-02-01 00:00:00",
                        "on 2024-02-29.",
                    ),
                ),
                ("in", at("2024-02-01"), at("2024-02-01"), {}, ()),
                ("in", at("2024-02-01"), None, {}, ()),
                ("in", None, at("2024-02-01"), {}, ()),
                ("in_draft", at("2024-02-01"), at("2024-01-31"), {}, ()),
                ("in", at("2024-02-01"), at("2024-01-31"), {"is_live": False}, ()),
                ("in", at("2024-02-01"), at("2024-01-31"), {"is_deleted": True}, ()),
            )
        ),
    ],
    "assert_invoice_lines_are_complete": [
        Case(
            {LINES: [line(exclusion_reason="no invoice in the export", invoice_id="in_gone")]},
            ("billing.invoice_line_item", "il", "invoice_id", "in_gone"),
        ),
        Case({LINES: [line(exclusion_reason="unknown price", price_id="p_gone")]}, ("price_id", "p_gone")),
        Case({LINES: [line(exclusion_reason="unknown price", price_id=None)]}, ("price_id", "NULL")),
        Case(
            {LINES: [line(exclusion_reason="price without a type and an interval")]},
            ("price_id", "'p'", "neither a type nor a recurring_interval"),
        ),
        Case(
            {LINES: [line(subscription_item_id="NULL", subscription_id=name) for name in ("sub_1", "sub_2")]},
            ("subscription_item_id", "'NULL'", "sub_1 and sub_2"),
        ),
        Case(
            {
                LINES: [
                    line(subscription_item_id="si", subscription_id="sub_1"),
                    line(subscription_item_id="si", subscription_id=None),
                    line(subscription_item_id="si", subscription_id="sub_2", exclusion_reason="test mode"),
                ],
                PRICES: [price()],
            }
        ),
        Case({LINES: [line(period_start_at=None)]}, ("period_start", "NULL")),
        Case({LINES: [line(period_end_at=at("2023-12-31"))]}, ("period_end", "2023-12-31", "2024-01-01")),
        Case({LINES: [line(quantity=None)]}, ("quantity", "NULL")),
        Case({LINES: [line(quantity=-1)]}, ("quantity", "-1")),
        Case({LINES: [line()], PRICES: [price(currency_code="EUR")]}, ("currency", "USD", "p in EUR")),
        *(
            Case(
                {LINES: [line(minimum_quantity=text, subscription_item_id="si")]},
                ("minimum_quantity", text, "subscription item si"),
            )
            for text in ("ten", "10.5", "-1")
        ),
        Case(
            {
                LINES: [line(), line(minimum_quantity="10"), line(minimum_quantity="0"), line(quantity=0)],
                PRICES: [price()],
            }
        ),
        Case({LINES: [line(period_end_at=at("2024-01-01"))]}),
        Case(
            {
                LINES: [
                    line(
                        exclusion_reason="void invoice",
                        quantity=None,
                        period_start_at=None,
                        minimum_quantity="ten",
                    )
                ]
            }
        ),
    ],
    "assert_policies_are_readable": [
        *(
            policy(key, value)
            for key in ("renewal_grace_days", "fx_rate_max_age_days")
            for value in ("-1", "1.5", "36501", "99999999", "soon", None)
        ),
        *(
            policy(key, value)
            for key in ("max_quarantined_share", "max_row_drop_share")
            for value in ("-0.1", "1.1", "half", None)
        ),
        *(policy("reporting_currency", value) for value in ("QQQ", "", None)),
        *(policy("reporting_time_zone", value) for value in ("", None)),
        *(
            policy(key, value)
            for key in ("past_due_churn_days", "raw_retention_days")
            for value in ("-1", "1.5", "36501", "soon")
        ),
        *(policy("fiscal_year_start_month", value) for value in ("0", "13", "1.5", "April", None)),
        *(
            policy(key, value)
            for key, (_, beyond) in RETENTION_POLICIES.items()
            for value in ("1", beyond, "2.5", "many", "", None)
            if (key, value) != ("retention_projection_horizon_months", "1")
        ),
        *(good_policy(key, limit) for key, limits in RETENTION_POLICIES.items() for limit in limits[:1]),
        *(policy("proration_coupons", value) for value in ("inherited", "", None)),
        *(policy("licence_support_share", value) for value in ("-0.1", "1.1", "0.3333333", "half", "", None)),
        *(policy("licence_support_allocation", value) for value in ("residual", "", None)),
        *(policy("ledger_controls_from", value) for value in ("always", "", None)),
        *(policy("primary_accounting_book", value) for value in ("", " ", None)),
        *(good_policy("licence_support_share", value) for value in ("0", "0.5", "0.333333", "1")),
        *(good_policy("licence_support_allocation", value) for value in ("stand_alone", "relative")),
        *(good_policy("ledger_controls_from", value) for value in ("complete_months", "closed_periods")),
        *(good_policy("primary_accounting_book", value) for value in ("1", "US GAAP")),
        *(good_policy("controls_that_only_report", value) for value in ("", "bad_debt contra_revenue")),
        *(good_policy("proration_coupons", value) for value in ("own", "of_the_renewal")),
        *(policy("customer_success_in_cor", value) for value in ("yes", "True", "", None)),
        *(policy("allocation_method", value) for value in ("stepdown", "", None)),
        *(
            policy("materiality_floor_amount", value)
            for value in ("-1", "1000000000001", "0.00001", "", None)
        ),
        *(policy("materiality_revenue_share", value) for value in ("-0.1", "1.1", "0.0000001", None)),
        *(policy("margin_review_points", value) for value in ("-0.1", "1.1", "0.0000001", None)),
        *(policy("materiality_growth_months", value) for value in ("0", "121", "1.5", None)),
        *(policy("allocation_account_rows_limit", value) for value in ("-1", "1000000001", None)),
        *(policy("cac_lag_months", value) for value in ("-1", "121", None)),
        *(policy("support_time_zone", value) for value in ("", None)),
        *(
            policy(key, value)
            for key, values in {
                "first_reply_minutes": ("-1", "100001", "1.5"),
                "health_green_from": ("-1", "101", "70.00001", "many"),
                "health_yellow_from": ("-1", "101", "40.00001"),
                "health_drop_points": ("-1", "101", "0.00001"),
                "health_drop_days": ("0", "3661", "1.5"),
                "health_minimum_coverage": ("-0.1", "1.1", "0.0000001"),
                "health_coverage_alert_fall": ("-0.1", "1.1", "0.0000001"),
                "nps_period_months": ("0", "121"),
                "money_back_days": ("-1", "3661"),
                "support_included_months": ("-1", "1201"),
            }.items()
            for value in (*values, "", None)
        ),
        Case(
            {
                POLICIES: [
                    {"policy_key": "health_green_from", "policy_value": "40"},
                    {"policy_key": "health_yellow_from", "policy_value": "70"},
                ]
            },
            ("health_green_from", "'40'", "as many points as health_yellow_from"),
        ),
        Case(
            {
                POLICIES: [
                    {"policy_key": "health_green_from", "policy_value": "70.5"},
                    {"policy_key": "health_yellow_from", "policy_value": "9"},
                ]
            }
        ),
        *(
            Case(
                {**policy("health_score", "s").rows, HEALTH_MEASURES: rows},
                ("health_score", "'s'", "with weight"),
            )
            for rows in ([], [health_measure(weight=0)])
        ),
        Case({**good_policy("health_score", "s").rows, HEALTH_MEASURES: [health_measure()]}),
        good_policy("support_time_zone", "Europe/Berlin"),
        *(policy("clv_cap_months", value) for value in ("0", "1201", None)),
        *(
            policy(key, value)
            for key in ("mql_score", "sql_score")
            for value in ("-1", "1000001", "0.0000001", "hot", None)
        ),
        *(policy("crm_currency", value) for value in ("QQQ", "euro")),
        *(policy("crm_billing_tolerance_days", value) for value in ("-1", "36501", "1.5", None)),
        *(policy("crm_deal_amount", value) for value in ("total", "", None)),
        *(policy("crm_controls_only_report", value) for value in ("yes", "", None)),
        *(policy("sme_below_employees", value) for value in ("0", "100000001", "0.5", None)),
        *(policy("forecast_years", value) for value in ("-1", "21", None)),
        *(
            Case(
                {**policy(f"margin_benchmark_{margin}", "b").rows, BENCHMARKS: rows},
                ("margin_benchmark", "'b'"),
            )
            for margin, rows in (
                ("subscription", []),
                ("total", [{"benchmark": "b", "margin": "subscription"}]),
            )
        ),
        *(
            good_policy(key, value)
            for key, values in {
                "customer_success_in_cor": ("true", "false"),
                "allocation_method": ("direct", "step_down", "reciprocal"),
                "materiality_floor_amount": ("0", "1000.5", "1000000000000"),
                "materiality_revenue_share": ("0", "0.005", "1"),
                "materiality_growth_months": ("1", "120"),
                "margin_review_points": ("0", "0.10", "1"),
                "allocation_account_rows_limit": ("0", "1000000000"),
                "cac_lag_months": ("0", "120"),
                "clv_cap_months": ("1", "1200"),
                "mql_score": ("0", "40", "1000000"),
                "sql_score": ("0", "70.5"),
                "pricing_pages": ("", "/pricing"),
                "crm_currency": ("", "EUR"),
                "crm_billing_tolerance_days": ("0", "31"),
                "crm_deal_amount": ("first_year", "monthly"),
                "crm_controls_only_report": ("true", "false"),
                "sme_below_employees": ("1", "100000000"),
                "forecast_years": ("0", "20"),
                "margin_benchmark_subscription": ("",),
                "margin_benchmark_total": ("",),
            }.items()
            for value in values
        ),
        Case(
            {
                **good_policy("margin_benchmark_total", "b").rows,
                BENCHMARKS: [{"benchmark": "b", "margin": "total"}],
            }
        ),
        *(
            good_policy(key, value)
            for key in ("past_due_churn_days", "raw_retention_days")
            for value in ("", "0", "30")
        ),
        *(good_policy("fiscal_year_start_month", value) for value in ("1", "12")),
        good_policy("renewal_grace_days", "0"),
        good_policy("fx_rate_max_age_days", "36500"),
        good_policy("max_quarantined_share", "1"),
        good_policy("max_row_drop_share", "0"),
        good_policy("reporting_currency", "eur"),
        good_policy("reporting_time_zone", "Europe/Berlin"),
    ],
    "assert_prices_are_complete": [
        Case(
            {LINES: [line()], PRICES: [price(unit_amount_minor=None)]},
            ("billing.price", "p", "unit_amount", "NULL"),
        ),
        Case({LINES: [line()], PRICES: [price(unit_amount_minor=-1)]}, ("unit_amount", "-1")),
        Case(
            {LINES: [line()], PRICES: [price(**{**PACKAGES, "transform_quantity_divide_by": 0})]},
            ("unit_amount",),
        ),
        Case(
            {LINES: [line()], PRICES: [price(**{**PACKAGES, "transform_quantity_round": "half"})]},
            ("unit_amount",),
        ),
        Case(
            {LINES: [line()], PRICES: [price(**{**PACKAGES, "transform_quantity_round": None})]},
            ("unit_amount",),
        ),
        Case(
            {LINES: [line()], PRICES: [price(billing_scheme="by_the_moon")]},
            ("billing_scheme", "by_the_moon"),
        ),
        Case({LINES: [line()], PRICES: [price(billing_scheme=None)]}, ("billing_scheme", "NULL")),
        Case(
            {
                LINES: [line()],
                PRICES: [{**TIERED, "tiers_mode": "stairs"}],
                TIERS: [tier(0, 0, None, last=True)],
            },
            ("tiers_mode", "stairs"),
        ),
        Case(
            {LINES: [line()], PRICES: [{**TIERED, "tiers_mode": None}], TIERS: [tier(0, 0, None, last=True)]},
            ("tiers_mode", "NULL"),
        ),
        Case({LINES: [line()], PRICES: [TIERED]}, ("tiers_mode", "volume", "without a usable")),
        Case(
            {
                LINES: [line()],
                PRICES: [TIERED],
                TIERS: [tier(0, 0, 10, last=False), tier(1, 10, 10, last=True)],
            },
            ("billing.price_tier", "p tier 1", "up_to", "10"),
        ),
        Case(
            {
                LINES: [line()],
                PRICES: [TIERED],
                TIERS: [tier(0, 0, None, last=False), tier(1, 0, 10, last=True)],
            },
            ("billing.price_tier", "p tier 0", "NULL"),
        ),
        Case(
            {
                LINES: [line()],
                PRICES: [TIERED],
                TIERS: [tier(0, 0, 10, last=False), tier(1, 10, None, last=True)],
            }
        ),
        *(
            Case(
                {
                    LINES: [line()],
                    PRICES: [TIERED],
                    TIERS: [tier(0, 0, 10, last=False), {**tier(1, 10, None, last=True), amount: -500}],
                },
                ("billing.price_tier", "p tier 1", column, "-500", "must be 0 or more"),
            )
            for amount, column in (("unit_amount_minor", "unit_amount"), ("flat_amount_minor", "flat_amount"))
        ),
        Case({LINES: [line()], PRICES: [TIERED], TIERS: [tier(0, 0, 10, last=True)]}),
        Case({LINES: [line()], PRICES: [price(**PACKAGES)]}),
        Case({LINES: [line()], PRICES: [price(unit_amount_minor=0)]}),
        Case({LINES: [line(exclusion_reason="void invoice")], PRICES: [price(unit_amount_minor=None)]}),
        Case({PRICES: [price(unit_amount_minor=None)]}),
    ],
    "assert_quantities_fall_into_a_tier": [
        Case(
            {
                VALUED: [{"price_id": "p", "billable_quantity": 11}],
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 11}],
            },
            ("billing.invoice_line_item", "il", "quantity", "11", "last tier of price p"),
        ),
        Case(
            {
                VALUED: [{"price_id": "p", "billable_quantity": 10, "mrr_amount_in_currency": 1}],
                SERVICE: [{"invoice_line_item_id": "il", "price_id": "p", "billable_quantity": 10}],
            }
        ),
    ],
    "assert_reductions_fit_their_invoices": [
        Case(
            reduced(60, 41),
            (
                "billing.invoice",
                "'in'",
                "'100'",
                "comes to, 101 minor units: refund re_1 60, refund re_2 41.",
            ),
        ),
        Case(reduced(1, total=0), ("'total'", "'0'")),
        Case(reduced(1, total=-100), ("'total'", "'-100'")),
        Case(reduced(60, 40)),
        Case(reduced(60, 60, undone_on=date(2024, 3, 1))),
        Case({**reduced(), **{INVOICES: [{"invoice_id": "in", "total_minor": -100}]}}),
        # A void has no amount of its own, and takes what is left.
        Case({**reduced(90), REDUCTIONS: [{"invoice_id": "in", "reduction_kind": "void"}]}),
        *(
            Case(
                {
                    **reduced(60, reduction_kind=kind, reduction_id="x", gross_minor=gross),
                    REDUCED: [{"invoice_id": "in", "reduction_number": 1, "reduced_minor": taken}],
                },
                (f"'billing.{table}'", "'x'", f"'{'NULL' if gross is None else gross}'", says),
            )
            for kind, table, gross, taken, says in (
                ("credit_note", "credit_note", 60, 59, "Only 59 minor units"),
                ("refund", "refund", 60, 61, "Only 61 minor units"),
                ("dispute", "dispute", None, 0, "Only 0 minor units"),
                ("write_off", "invoice", 60, None, "taken off the lines and the tax of invoice in."),
            )
        ),
        Case({**reduced(60), REDUCED: []}, ("'re_1'", "Only 0 minor units")),
        *(
            Case(
                {
                    RAW_INVOICES: [{"invoice_id": "in"}],
                    RAW_CREDIT_NOTES: [living(credit_note_id="cn", invoice_id=invoice_id, **columns)],
                },
                says,
            )
            for invoice_id, columns, says in (
                (
                    "in_gone",
                    {},
                    ("billing.credit_note", "'cn'", "'invoice_id'", "'in_gone'", "not in the export"),
                ),
                (None, {}, ("'cn'", "'NULL'")),
                # In the export, and of test mode, deleted or a draft.
                ("in", {}, ()),
                ("in_gone", {"is_live": False}, ()),
                ("in_gone", {"is_deleted": True}, ()),
            )
        ),
        Case(
            credited_line(credit_note_id="cn_gone"),
            ("billing.credit_note_line_item", "'cnli'", "'credit_note_id'", "'cn_gone'"),
        ),
        Case(credited_line(credit_note_id=None), ("'credit_note_id'", "'NULL'")),
        Case(credited_line(credit_note_id="cn_gone", is_live=False)),
        Case(credited_line(credit_note_id="cn_gone", is_deleted=True)),
        Case(
            credited_line(invoice_line_item_id="il_other"),
            (
                "billing.credit_note_line_item",
                "'cnli'",
                "'invoice_line_item_id'",
                "'il_other'",
                "credits no line of the invoice of its credit note, in, but one of in_other.",
            ),
        ),
        Case(credited_line(invoice_line_item_id="il_gone"), ("but one that is not in the export.",)),
        Case(credited_line(invoice_line_item_id="il")),
        Case(credited_line(invoice_line_item_id=None)),
        Case(credited_line(invoice_line_item_id="il_other", is_live=False)),
        Case(credited_line(invoice_line_item_id="il_other", is_deleted=True)),
        # The invoice of the note is a draft, deleted or of test mode; the note itself is.
        Case({**credited_line(invoice_line_item_id="il_other"), INVOICES: []}),
        *(
            Case(
                {
                    **credited_line(invoice_line_item_id="il_other"),
                    RAW_CREDIT_NOTES: [living(credit_note_id="cn", invoice_id="in", **columns)],
                }
            )
            for columns in ({"is_live": False}, {"is_deleted": True})
        ),
        *(
            Case(
                {
                    RAW_INVOICES: [{"invoice_id": "in"}],
                    RAW_CHARGES: [living(charge_id="ch", invoice_id=invoice_id, **columns)],
                },
                says,
            )
            for invoice_id, columns, says in (
                (
                    "in_gone",
                    {"charge_status": "succeeded"},
                    ("billing.charge", "'ch'", "'invoice_id'", "'in_gone'", "not in the export"),
                ),
                ("in_gone", {"is_paid": True, "is_captured": True}, ("'ch'",)),
                ("in_gone", {"charge_status": "failed", "is_paid": True}, ()),
                ("in_gone", {"charge_status": "succeeded", "is_captured": False}, ()),
                ("in_gone", {}, ()),
                ("in_gone", {"charge_status": "succeeded", "is_live": False}, ()),
                ("in_gone", {"charge_status": "succeeded", "is_deleted": True}, ()),
                ("in", {"charge_status": "succeeded"}, ()),
                (None, {"charge_status": "succeeded"}, ()),
            )
        ),
        Case(
            paid_back(charge_id="ch_gone", refund_status="succeeded"),
            ("billing.refund", "'re'", "'charge_id'", "'ch_gone'", "not in the export"),
        ),
        Case(paid_back(charge_id="ch_gone", refund_status=None), ("'re'",)),
        Case(paid_back(charge_id="ch_gone", refund_status="pending")),
        Case(paid_back(charge_id="ch_gone", is_live=False)),
        Case(paid_back(charge_id="ch_gone", is_deleted=True)),
        Case(paid_back(charge_id=None)),
        Case(paid_back()),
        *(
            Case(
                {
                    RAW_CHARGES: [{"charge_id": "ch"}],
                    RAW_DISPUTES: [living(dispute_id="dp", charge_id=charge_id, **columns)],
                },
                says,
            )
            for charge_id, columns, says in (
                (
                    "ch_gone",
                    {},
                    ("billing.dispute", "'dp'", "'charge_id'", "'ch_gone'", "not in the export"),
                ),
                (None, {}, ("'dp'", "'NULL'")),
                ("ch", {}, ()),
                ("ch_gone", {"is_live": False}, ()),
                ("ch_gone", {"is_deleted": True}, ()),
            )
        ),
    ],
    "assert_the_ledger_is_kept_in_the_reporting_currency": [
        Case(
            {
                LEDGER_ENTRIES: [
                    {"transaction_id": name, "currency_code": "USD", "exchange_rate": Decimal("0.9")}
                    for name in ("t2", "t1")
                ]
            },
            ("ledger.transaction", "'t1'", "exchangerate", "0.9", "2 entries in the reporting currency USD"),
        ),
        Case(
            {
                LEDGER_ENTRIES: [
                    {"transaction_id": "t1", "currency_code": "USD", "exchange_rate": 1},
                    {"transaction_id": "t2", "currency_code": "USD", "exchange_rate": None},
                    {"transaction_id": "t3", "currency_code": "EUR", "exchange_rate": Decimal("1.1")},
                ]
            }
        ),
        Case(
            {
                LEDGER_ENTRIES: [
                    {"transaction_id": name, "currency_code": "GBP", "exchange_rate": 1}
                    for name in ("t2", "t1")
                ],
                RATES: [
                    {"currency_code": "GBP", "exchange_rate": Decimal("1.21")},
                    {"currency_code": "GBP", "exchange_rate": Decimal("1.3")},
                ],
            },
            ("ledger.transaction", "'t1'", "exchangerate", "2 entries have this rate", "kept in GBP"),
        ),
        # Pegged, at par on one day, and without any rate to compare with.
        *(
            Case(
                {
                    LEDGER_ENTRIES: [{"transaction_id": "t1", "currency_code": "PAB", "exchange_rate": 1}],
                    RATES: [{"currency_code": "PAB", "exchange_rate": Decimal(rate)} for rate in rates],
                }
            )
            for rates in (("1",), ("0.9", "1.1"), ())
        ),
    ],
    "assert_the_primary_accounting_book_is_there": [
        Case(
            {ACCOUNTING_LINES: [{"accounting_book_id": "3"}, {"accounting_book_id": "2"}]},
            ("policy.metric_policies", "primary_accounting_book", "'1'", "there is 2"),
        ),
        *(
            Case({ACCOUNTING_LINES: [{"accounting_book_id": "2"}, {"accounting_book_id": book}]})
            for book in ("1", "")
        ),
        Case({ACCOUNTING_LINES: []}),
    ],
    "assert_there_is_a_data_clock": [
        Case(
            {"intermediate.int_run_settings": [{"is_as_of_given": False}]},
            ("billing", "_fivetran_synced", "give the as-of"),
        ),
        Case({"intermediate.int_run_settings": [{"as_of_at": at("2024-01-01")}]}),
    ],
    "assert_events_of_an_account_sum_to_its_net_change": [
        Case(
            {CURRENCY_MONTHS: [currency_month(10, 15)], EVENTS: [event(4)]},
            ("'net_change': Decimal('5.0000')", "Decimal('4.0000')"),
        ),
        Case({CURRENCY_MONTHS: [currency_month(10, 15)]}, ("'net_change': Decimal('5.0000')",)),
        Case({EVENTS: [event(4)]}, ("Decimal('4.0000')",)),
        Case(
            {CURRENCY_MONTHS: [currency_month(10, 15)], EVENTS: [event(5, date(2024, 2, 1))]},
            ("2024, 2, 1", "2024, 1, 1"),
        ),
        Case({CURRENCY_MONTHS: [currency_month(10, 15)], EVENTS: [event(2), event(3)]}),
        Case({CURRENCY_MONTHS: [currency_month(10, 10)]}),
        Case({EVENTS: [event(2), event(-2)]}),
    ],
    "assert_movement_amounts_are_of_one_class": [
        *(
            Case(
                {ACCOUNT_MONTHS: [account_month(**{f"{name}_amount": -1})]},
                (f"'{name}_amount': Decimal('-1.0000')",),
            )
            for name in ("new", "reactivation", "expansion", "contraction", "churn")
        ),
        Case({ACCOUNT_MONTHS: [account_month(opening_mrr_amount=-1)]}, ("'account_id': 'a'",)),
        Case({ACCOUNT_MONTHS: [account_month(closing_mrr_amount=-1)]}, ("'account_id': 'a'",)),
        *(
            Case({ACCOUNT_MONTHS: [account_month(**{f"{name}_amount": 1, "movement_type": label})]}, says)
            for name in ("new", "reactivation", "expansion", "contraction", "churn")
            for label, says in (
                (name, ()),
                (None, ("'account_id': 'a'",)),
                ("other", ("'movement_type': 'other'",)),
            )
        ),
        Case(
            {ACCOUNT_MONTHS: [account_month(new_amount=1, churn_amount=1, movement_type="new")]},
            ("'account_id': 'a'",),
        ),
        Case({ACCOUNT_MONTHS: [account_month(movement_type="expansion")]}, ("'movement_type': 'expansion'",)),
        Case({ACCOUNT_MONTHS: [account_month(fx_amount=-1)]}),
    ],
    "assert_no_control_fails": [
        Case(
            {CONTROLS: [control(difference_amount=1, status="fails", explanation="Why.")]},
            ("'control': 'receivables'", "Decimal('1.0000')", "Why."),
        ),
        Case(
            {
                CONTROLS: [
                    control(period=date(2024, month, 1), difference_amount=month, status="fails")
                    for month in (2, 3)
                ],
                DIFFERENCES: [
                    {
                        "control": "receivables",
                        "period": date(2024, month, 1),
                        "dimension": "all",
                        "currency_code": "USD",
                        "match_key": f"cus_{month}",
                        "is_balance": True,
                        "raw_rows": "billing.charge ch",
                    }
                    for month in (1, 2, 3)
                ],
            },
            ("'failing_periods': 2", "'match_key': 'cus_1'", "'match_key': 'cus_2'", "billing.charge ch"),
        ),
        # A flow has no rows of an earlier month, which an open item explains.
        Case(
            {
                CONTROLS: [control(period=date(2024, 2, 1), status="fails")],
                DIFFERENCES: [
                    {
                        "control": "receivables",
                        "period": date(2024, 1, 1),
                        "dimension": "all",
                        "currency_code": "USD",
                        "match_key": "cus_1",
                        "is_balance": False,
                    }
                ],
            },
            ("'match_key': None",),
        ),
        Case({CONTROLS: [control(status=status) for status in ("ties", "open item", "no data")]}),
        Case({CONTROLS: [control(status="fails", is_blocking=False)]}),
    ],
    "assert_controls_are_there": [
        *(
            Case(
                {
                    "intermediate.int_invoices_billed": [{"billed_on": date(2024, 1, 31), **amounts}],
                    "intermediate.int_months": [{"month": date(2024, 1, 1), "is_complete_month": complete}],
                    "intermediate.int_ledger_lines": [{"transaction_id": "1"}] * lines,
                    CONTROLS: [control(control=name) for name in names],
                },
                tuple(f"'control': '{name}'" for name in missing),
            )
            for complete, amounts, lines, names, missing in (
                (False, BILLED, 0, (), ()),
                (True, BILLED, 0, OF_BILLING, ()),
                (True, BILLED, 0, OF_BILLING[1:], OF_BILLING[:1]),
                (True, BILLED, 0, OF_BILLING[:2], OF_BILLING[2:]),
                (True, FREE, 0, (), ("revenue_slices_sum_to_invoices",)),
                (True, FREE, 0, ("revenue_slices_sum_to_invoices",), ()),
                (True, FREE | {"total_minor": 19}, 0, ("revenue_slices_sum_to_invoices",), ("receivables",)),
                (
                    True,
                    FREE | {"line_net_minor": -1},
                    0,
                    ("revenue_slices_sum_to_invoices",),
                    ("deferred_revenue_roll_forward",),
                ),
                (False, BILLED, 1, OF_THE_LEDGER, ()),
                (True, BILLED, 1, OF_THE_LEDGER, OF_BILLING),
                (False, BILLED, 1, (), OF_THE_LEDGER),
            )
        ),
        *(
            Case(
                {
                    SETTINGS: [{"as_of_date": date(2024, 2, 10)}],
                    "intermediate.int_cost_lines": [{"transaction_id": "1", "part": ""}],
                    "intermediate.int_asset_amortization_by_month": [{"month": month, "cost_minor": cost}],
                    "intermediate.int_cloud_costs_by_invoice_month": [{"invoice_id": "in_1", "month": month}],
                    "intermediate.int_ledger_lines": [{"document_id": "in_1", "month": posted}][
                        : bool(posted)
                    ],
                    CONTROLS: [control(control=name) for name in names],
                },
                says,
            )
            for month, posted, cost, names, says in (
                (date(2024, 1, 1), None, 5, OF_COSTS, ()),
                (date(2024, 1, 1), None, 5, (), tuple(f"'control': '{name}'" for name in OF_COSTS)),
                # Not over, not bought yet, and posted in the month of the as-of.
                (date(2024, 2, 1), None, 5, OF_COSTS[:1], ()),
                (date(2024, 1, 1), None, 0, OF_COSTS[::2], ()),
                (date(2024, 1, 1), date(2024, 2, 1), 5, (*OF_COSTS[:2], *OF_THE_LEDGER), ()),
            )
        ),
    ],
    "assert_controls_that_only_report_are_known": [
        *(
            Case(
                {
                    SETTINGS: [{"controls_that_only_report": named}],
                    CONTROL_NAMES: [{"control": "receivables"}],
                    CONTROLS: [control(control="mrr_roll_forward")],
                },
                says,
            )
            for named, says in (
                ("", ()),
                ("receivables", ()),
                ("mrr_roll_forward receivables", ()),
                ("receivable", ("'rejected_value': 'receivable'",)),
                ("receivables,mrr_roll_forward", ("separated by one blank",)),
                ("receivables receivables", ("each once",)),
            )
        )
    ],
    "assert_open_items_are_readable": [
        *(
            Case(
                {
                    CONTROL_NAMES: [{"control": "receivables"}],
                    OPEN_ITEMS: [open_item(**wrong)],
                    CURRENCIES: [{"currency_code": "USD"}],
                },
                (f"'column_name': '{column}'",) if (column := next(iter(wrong), None)) else (),
            )
            for wrong in (
                {},
                {"control": "receivable"},
                {"first_period": date(2024, 1, 2)},
                {"first_period": None},
                {"last_period": date(2023, 12, 1)},
                {"last_period": date(2024, 2, 2)},
                {"currency_code": "usd"},
                {"amount": 0},
                {"amount": None},
                {"owner": " "},
                {"reason": None},
                {"expires_on": None},
            )
        ),
        Case(
            {
                CONTROL_NAMES: [{"control": "receivables"}],
                OPEN_ITEMS: [open_item(last_period=None)],
                CURRENCIES: [{"currency_code": "USD"}],
            }
        ),
    ],
    "assert_one_month_opens_with_the_closing_of_the_month_before": [
        Case(
            {
                ACCOUNT_MONTHS: [
                    account_month(closing_mrr_amount=10),
                    account_month(month=date(2024, 2, 1), opening_mrr_amount=11, closing_mrr_amount=0),
                ]
            },
            ("'previous_closing_mrr_amount': Decimal('10.0000')", "'opening_mrr_amount': Decimal('11.0000')"),
        ),
        Case({ACCOUNT_MONTHS: [account_month(closing_mrr_amount=10)]}, ("'opening_mrr_amount': None",)),
        Case(
            {ACCOUNT_MONTHS: [account_month(opening_mrr_amount=10)]}, ("'previous_closing_mrr_amount': None",)
        ),
        Case(
            {
                ACCOUNT_MONTHS: [
                    account_month(closing_mrr_amount=10),
                    account_month(month=date(2024, 2, 1), opening_mrr_amount=10, closing_mrr_amount=0),
                ]
            }
        ),
        Case({ACCOUNT_MONTHS: [account_month(month=date(2024, 3, 1), closing_mrr_amount=10)]}),
    ],
    "assert_segments_of_each_type_sum_to_the_bridge": [
        *(
            Case(
                {
                    BRIDGE: [bridge(**{amount: 3})],
                    SEGMENT_BRIDGE: [
                        segment_bridge(other, segment=segment, **{amount: value})
                        for other in SEGMENT_TYPES
                        for segment, value in (("s", 1), ("t", 1 if other == segment_type else 2))
                    ],
                },
                (f"'segment_type': '{segment_type}'", f"'{amount}': Decimal('-1.0000')"),
            )
            for segment_type, amount in zip(
                SEGMENT_TYPES, (*BRIDGE_AMOUNTS, *BRIDGE_AMOUNTS[:3]), strict=True
            )
        ),
        Case(
            {
                BRIDGE: [bridge(closing_mrr_amount=1)],
                SEGMENT_BRIDGE: [segment_bridge(other, closing_mrr_amount=1) for other in SEGMENT_TYPES[1:]],
            },
            ("'segment_type': 'country'",),
        ),
        Case(
            {BRIDGE: [bridge()], SEGMENT_BRIDGE: [segment_bridge(transfer_in_amount=1)]},
            ("'segment_type': 'product'", "'transfer_amount': Decimal('1.0000')"),
        ),
        Case(
            {
                BRIDGE: [bridge(closing_mrr_amount=1)],
                SEGMENT_BRIDGE: [
                    segment_bridge(other, closing_mrr_amount=1, transfer_in_amount=1, transfer_out_amount=1)
                    for other in SEGMENT_TYPES
                ],
            }
        ),
        Case({BRIDGE: [bridge()]}),
    ],
    "assert_every_account_stands_in_one_segment_of_a_type": [
        *(
            Case(
                {
                    BRIDGE: [bridge(**{count: 1})],
                    SEGMENT_BRIDGE: [segment_bridge(segment_type, **{count: 2})],
                },
                (f"'segment_type': '{segment_type}'", f"'{count}': 1"),
            )
            for segment_type in ACCOUNT_TYPES
            for count in BRIDGE_COUNTS
        ),
        Case(
            {
                BRIDGE: [bridge(closing_account_count=2)],
                SEGMENT_BRIDGE: [
                    segment_bridge("country", segment="DE", closing_account_count=1),
                    segment_bridge("country", segment="US", closing_account_count=1),
                    segment_bridge("product", closing_account_count=3),
                ],
            }
        ),
    ],
    "assert_what_an_account_transfers_out_comes_in_elsewhere": [
        Case(
            {
                SEGMENT_MOVEMENTS: [
                    segment_movement("s", transfer_out_amount=2),
                    segment_movement("t", transfer_in_amount=1),
                ]
            },
            ("'account_id': 'a'", "Decimal('2.0000')", "Decimal('1.0000')"),
        ),
        Case(
            {SEGMENT_MOVEMENTS: [segment_movement("s", transfer_in_amount=1)]}, ("'segment_type': 'product'",)
        ),
        *(
            Case({SEGMENT_MOVEMENTS: [segment_movement("s", **{f"{name}_amount": -1})]}, ("'segment': 's'",))
            for name in (*CLASSES, "transfer_in", "transfer_out")
        ),
        Case(
            {
                SEGMENT_MOVEMENTS: [
                    segment_movement("s", transfer_out_amount=3),
                    segment_movement("t", transfer_in_amount=1),
                    segment_movement("u", transfer_in_amount=2, expansion_amount=1),
                ]
            }
        ),
    ],
    "assert_a_segment_opens_with_its_closing_of_the_month_before": [
        Case(
            {
                SEGMENT_BRIDGE: [
                    segment_bridge(closing_mrr_amount=10),
                    segment_bridge("product", date(2024, 2, 1), opening_mrr_amount=11),
                ]
            },
            ("'previous_closing_mrr_amount': Decimal('10.0000')", "'opening_mrr_amount': Decimal('11.0000')"),
        ),
        Case({SEGMENT_BRIDGE: [segment_bridge(closing_mrr_amount=10)]}, ("'opening_mrr_amount': None",)),
        Case(
            {SEGMENT_BRIDGE: [segment_bridge(opening_mrr_amount=10)]},
            ("'segment': 's'", "'previous_closing_mrr_amount': None"),
        ),
        Case(
            {
                SEGMENT_BRIDGE: [
                    segment_bridge(closing_mrr_amount=10),
                    segment_bridge("product", date(2024, 2, 1), opening_mrr_amount=10),
                ]
            }
        ),
        Case({SEGMENT_BRIDGE: [segment_bridge("product", date(2024, 3, 1), closing_mrr_amount=10)]}),
    ],
    "assert_retention_is_of_the_accounts_of_a_year_before": [
        Case(
            {
                BRIDGE: [bridge(date(2023, 1, 1), closing_account_count=2)],
                METRICS: [metrics(nrr_account_count=3)],
            },
            (
                "'segment': 'all'",
                "'closing_account_count_a_year_before': 2",
                "'nrr_account_count': 3",
            ),
        ),
        Case({BRIDGE: [bridge(date(2023, 1, 1), closing_account_count=2)]}, ("'nrr_account_count': None",)),
        Case({METRICS: [metrics(nrr_account_count=3)]}, ("'closing_account_count_a_year_before': None",)),
        Case(
            {SEGMENT_BRIDGE: [segment_bridge("plan", date(2023, 1, 1), closing_account_count=2)]},
            ("'segment_type': 'plan'", "'segment': 's'", "'nrr_account_count': None"),
        ),
        Case(
            {SEGMENT_METRICS: [segment_metrics("plan", nrr_account_count=3)]},
            ("'segment_type': 'plan'", "'closing_account_count_a_year_before': None"),
        ),
        Case(
            {
                BRIDGE: [bridge(date(2023, 1, 1), closing_account_count=2)],
                METRICS: [metrics(nrr_account_count=2)],
                SEGMENT_BRIDGE: [segment_bridge("plan", date(2023, 1, 1), closing_account_count=2)],
                SEGMENT_METRICS: [segment_metrics("plan", nrr_account_count=2)],
            }
        ),
        Case({BRIDGE: [bridge(date(2023, 4, 1), closing_account_count=2)]}),
    ],
    "assert_gross_retention_exceeds_neither_its_base_nor_net_retention": [
        *(
            Case({table: [row(**columns)]}, says)
            for table, row, says in (
                (METRICS, metrics, ("'segment': 'all'",)),
                (SEGMENT_METRICS, segment_metrics, ("'segment': 's'",)),
            )
            for columns in (
                {"grr_numerator_amount": 3, "nrr_denominator_amount": 2, "nrr_numerator_amount": 3},
                {"grr_numerator_amount": 2, "nrr_denominator_amount": 2, "nrr_numerator_amount": 1},
                {
                    "grr_flow_numerator_amount": 3,
                    "revalued_opening_mrr_amount": 2,
                    "nrr_flow_numerator_amount": 3,
                },
                {
                    "grr_flow_numerator_amount": 2,
                    "revalued_opening_mrr_amount": 2,
                    "nrr_flow_numerator_amount": 1,
                },
                {"grr_numerator_amount": -1},
                {"grr_flow_numerator_amount": -1},
            )
        ),
        Case(
            {
                table: [
                    row(
                        grr_numerator_amount=2,
                        nrr_denominator_amount=2,
                        nrr_numerator_amount=2,
                        grr_flow_numerator_amount=1,
                        revalued_opening_mrr_amount=2,
                        nrr_flow_numerator_amount=3,
                    )
                ]
                for table, row in ((METRICS, metrics), (SEGMENT_METRICS, segment_metrics))
            }
        ),
    ],
    "assert_segments_of_accounts_sum_to_the_ratios_of_the_company": [
        *(
            Case(
                {
                    METRICS: [metrics(**{column: 3})],
                    SEGMENT_METRICS: [
                        segment_metrics("acquisition_channel", **{column: 1}),
                        segment_metrics("region", **{column: 2}),
                    ],
                },
                (f"'{column}': -2" if column.endswith("_count") else f"'{column}': Decimal('-2.0000')",),
            )
            for column in (*RETAINED, *FLOWS, *LOSSES)
        ),
        Case({METRICS: [metrics(nrr_account_count=3)]}, ("'nrr_account_count': -3",)),
        Case(
            {
                METRICS: [metrics(nrr_numerator_amount=3)],
                SEGMENT_METRICS: [
                    segment_metrics(segment_type, segment=segment, nrr_numerator_amount=amount)
                    for segment_type in ACCOUNT_TYPES
                    for segment, amount in (("a", 1), ("unknown", 2))
                ]
                + [segment_metrics("product", nrr_numerator_amount=7)],
            }
        ),
        *(
            Case(
                {
                    METRICS: [metrics(grr_numerator_amount=3)],
                    SEGMENT_METRICS: [
                        segment_metrics(other, grr_numerator_amount=3)
                        for other in ACCOUNT_TYPES
                        if other != segment_type
                    ],
                },
                (f"'segment_type': '{segment_type}'", "'grr_numerator_amount': Decimal('-3.0000')"),
            )
            for segment_type in ACCOUNT_TYPES
        ),
        Case({METRICS: [metrics()]}),
    ],
    "assert_cohorts_of_segments_sum_to_those_of_the_company": [
        *(
            Case(
                {
                    COHORT_MONTHS: [cohort(**{column: 10})],
                    COHORT_SEGMENTS: [
                        cohort_segment(segment_type=segment_type, **{column: 10 - (segment_type == "region")})
                        for segment_type in ACCOUNT_TYPES
                    ],
                },
                (
                    "'segment_type': 'region'",
                    f"'{column}': -1" if column.endswith("accounts") else f"'{column}': Decimal('-1.0000')",
                ),
            )
            for column in (
                "cohort_accounts",
                "retained_accounts",
                "cohort_mrr_amount",
                "retained_mrr_amount",
                "gross_retained_mrr_amount",
                "margin_amount",
            )
        ),
        Case({COHORT_MONTHS: [cohort()]}, ("'segment_type': 'health_band'", "'cohort_accounts': -1")),
        Case({COHORT_SEGMENTS: [cohort_segment(segment_type="region")]}, ("'cohort_accounts': 1",)),
        Case(
            {
                COHORT_MONTHS: [cohort(cohort_accounts=2, margin_amount=None)],
                COHORT_SEGMENTS: [
                    *(
                        cohort_segment(
                            segment_type=segment_type,
                            segment=segment,
                            retained_accounts=number,
                            retained_mrr_amount=5,
                            cohort_mrr_amount=5,
                            gross_retained_mrr_amount=5,
                            margin_amount=None,
                        )
                        for segment_type in ACCOUNT_TYPES
                        for segment, number in (("a", 1), ("unknown", 0))
                    ),
                    cohort_segment(),
                ],
            }
        ),
    ],
    "assert_cohorts_add_up_to_total_mrr": [
        Case({BRIDGE: [bridge(closing_mrr_amount=10)]}, ("'cohorts': 'month'", "'cohorts': 'quarter'")),
        Case({COHORT_MONTHS: [cohort()]}, ("'cohorts': 'month'",)),
        Case(
            {
                BRIDGE: [bridge(closing_mrr_amount=10, closing_account_count=1)],
                COHORT_MONTHS: [cohort(retained_mrr_amount=9)],
                COHORT_QUARTERS: [cohort_quarter(month=date(2024, 1, 1))],
            },
            ("'cohorts': 'month'", "Decimal('9.0000')"),
        ),
        Case(
            {
                BRIDGE: [bridge(closing_mrr_amount=10, closing_account_count=1)],
                COHORT_MONTHS: [cohort(retained_accounts=2)],
                COHORT_QUARTERS: [cohort_quarter(month=date(2024, 1, 1))],
            },
            ("'cohorts': 'month'", "'actual_paying_accounts': 2"),
        ),
        Case(
            {
                BRIDGE: [bridge(closing_mrr_amount=10, closing_account_count=1)],
                COHORT_MONTHS: [cohort()],
                COHORT_QUARTERS: [cohort_quarter(month=date(2024, 1, 1), retained_mrr_amount=9)],
            },
            ("'cohorts': 'quarter'", "Decimal('9.0000')"),
        ),
        Case(
            {SEGMENT_MONTHS: [segment_month()], COHORT_SEGMENTS: [cohort_segment(retained_mrr_amount=9)]},
            ("'cohorts': 'segment and month'", "Decimal('9.0000')"),
        ),
        Case({SEGMENT_MONTHS: [segment_month()]}, ("'cohorts': 'segment and month'",)),
        Case(
            {
                BRIDGE: [bridge(closing_mrr_amount=20, closing_account_count=1)],
                COHORT_MONTHS: [cohort(retained_mrr_amount=20)],
                COHORT_QUARTERS: [cohort_quarter(month=date(2024, 1, 1), retained_mrr_amount=20)],
                SEGMENT_MONTHS: [segment_month()],
                COHORT_SEGMENTS: [cohort_segment()],
            },
            ("'cohorts': 'all segments and month'", "'segment_type': 'product'"),
        ),
        Case(
            {
                BRIDGE: [
                    bridge(closing_mrr_amount=10, closing_account_count=1),
                    bridge(date(2024, 2, 1), closing_mrr_amount=4, closing_account_count=1),
                ],
                COHORT_MONTHS: [
                    cohort(),
                    cohort(months_since=1, month=date(2024, 2, 1), retained_mrr_amount=4),
                ],
                COHORT_QUARTERS: [cohort_quarter(month=date(2024, 2, 1), retained_mrr_amount=4)],
                SEGMENT_MONTHS: [
                    segment_month(),
                    segment_month(month=date(2024, 2, 1), closing=4),
                    segment_month(month=date(2024, 3, 1), closing=0),
                ],
                COHORT_SEGMENTS: [
                    cohort_segment(),
                    cohort_segment(months_since=1, month=date(2024, 2, 1), retained_mrr_amount=4),
                ],
            }
        ),
    ],
    "assert_cohorts_begin_whole": [
        *(
            Case({table: [row(**{column: value})]}, (f"'{column}'",))
            for table, row in ((COHORT_MONTHS, cohort), (COHORT_SEGMENTS, cohort_segment))
            for column, value in (
                ("retained_accounts", 0),
                ("retained_mrr_amount", 9),
                ("gross_retained_mrr_amount", 9),
                ("logo_rate", 0.5),
                ("net_revenue_rate", 0.5),
                ("gross_revenue_rate", None),
            )
        ),
        Case(
            {
                COHORT_MONTHS: [cohort(), cohort(months_since=1, retained_accounts=0, logo_rate=0)],
                COHORT_SEGMENTS: [cohort_segment()],
            }
        ),
    ],
    "assert_every_cohort_has_its_cells_and_no_others": [
        # Months are January to March 2024.
        *(
            Case(
                {
                    table: [
                        row(months_since=distance, month=date(2024, month, 1))
                        for distance, month in enumerate(months)
                    ]
                },
                (f"'cohorts': '{cohorts}'",),
            )
            for table, row, cohorts in (
                (COHORT_MONTHS, cohort, "month"),
                (COHORT_SEGMENTS, cohort_segment, "segment and month"),
            )
            for months in ((1, 2), (1, 2, 3, 4), (2, 3), (1, 3, 3))
        ),
        Case(
            {COHORT_MONTHS: [cohort(), cohort(months_since=2, month=date(2024, 3, 1))]}, ("'cell_count': 2",)
        ),
        Case(
            {COHORT_QUARTERS: [cohort_quarter(cohort_quarter=date(2023, 10, 1))]},
            ("'cohorts': 'quarter'", "'misplaced_count': 1"),
        ),
        Case(
            {
                COHORT_QUARTERS: [
                    cohort_quarter(),
                    cohort_quarter(quarters_since=1, quarter=date(2024, 4, 1), month=date(2024, 4, 1)),
                ]
            },
            ("'cohorts': 'quarter'", "'expected_last_distance': 0"),
        ),
        Case(
            {
                COHORT_MONTHS: [
                    cohort(months_since=distance, month=date(2024, 1 + distance, 1)) for distance in range(3)
                ]
                + [cohort(cohort_month=date(2024, 3, 1), month=date(2024, 3, 1))],
                COHORT_QUARTERS: [
                    cohort_quarter(),
                    cohort_quarter(cohort_quarter=date(2023, 10, 1), month=date(2023, 12, 1)),
                    cohort_quarter(cohort_quarter=date(2023, 10, 1), quarters_since=1),
                ],
            }
        ),
    ],
    "assert_retained_never_exceeds_its_base": [
        *(
            Case({table: [row(**wrong)]}, (f"'cohorts': '{cohorts}'",))
            for table, row, cohorts in (
                (COHORT_MONTHS, cohort, "month"),
                (COHORT_QUARTERS, cohort_quarter, "quarter"),
                (COHORT_SEGMENTS, cohort_segment, "product s"),
            )
            for wrong in (
                {"gross_retained_mrr_amount": 11, "retained_mrr_amount": 11},
                {"retained_mrr_amount": 9},
                {"retained_accounts": 2},
                {"retained_accounts": -1},
                {"gross_retained_mrr_amount": -1},
                {"cohort_mrr_amount": 0, "gross_retained_mrr_amount": 0},
                {"retained_accounts": 0},
                {"retained_mrr_amount": 0, "gross_retained_mrr_amount": 0},
            )
        ),
        Case(
            {
                COHORT_MONTHS: [
                    cohort(retained_mrr_amount=30),
                    cohort(
                        months_since=1,
                        retained_accounts=0,
                        retained_mrr_amount=0,
                        gross_retained_mrr_amount=0,
                    ),
                ]
            }
        ),
    ],
    "assert_projections_follow_their_fits": [
        *(
            Case({FITS: [row], PROJECTIONS: months}, (problem,))
            for problem, row, months in (
                *(
                    ("Parameters without a fit", fit(**{column: None}), projected(1))
                    for column in ("alpha", "beta", "log_likelihood", "mean_absolute_error")
                ),
                ("a fit without parameters", fit(alpha=0), projected(1)),
                ("or no reason", refusal(reason=None), projected(None)),
                ("or no reason", refusal(reason=""), projected(None)),
                ("or no reason", fit(reason="None."), projected(1)),
                ("Parameters without a fit", refusal(alpha=1, beta=1), projected(None)),
                ("Projected without a fit", refusal(), projected(1)),
                ("a fit without a projection", fit(), projected(1, None)),
                ("a fit without a projection", fit(), []),
                ("Survival does not begin with 1", fit(), projected(0.9)),
                ("or rises", fit(), projected(1, 0.5, 0.6)),
            )
        ),
        Case({FITS: [fit()], PROJECTIONS: projected(1, 0.5, 0.5, 0.25)}),
        Case({FITS: [refusal()], PROJECTIONS: projected(None, None)}),
        Case({FITS: [refusal(status="not_run")]}),
    ],
    "assert_service_intervals_of_an_item_do_not_overlap": [
        Case(
            {
                SERVICE: [
                    service(at("2024-01-01"), at("2024-02-01")),
                    service(at("2024-01-31"), at("2024-03-01")),
                ]
            },
            ("'subscription_item_id': 'si'", "2024, 1, 31"),
        ),
        Case(
            {SERVICE: [service(at("2024-01-01"), at("2024-01-01"))]},
            ("'subscription_item_id': 'si'",),
        ),
        Case(
            {SERVICE: [service(at("2024-02-01"), at("2024-01-01"))]},
            ("'subscription_item_id': 'si'",),
        ),
        Case(
            {
                SERVICE: [
                    service(at("2024-01-01"), at("2024-02-01")),
                    service(at("2024-02-01"), at("2024-03-01")),
                ]
            }
        ),
    ],
}

# Generic tests are broken from what their declaration says, in `broken_generic_tests`.
GENERIC = {"unique_grain", "one_of", "all_equal_zero"}


@dataclass(frozen=True)
class Check:
    """A data test as dbt compiled it.

    Attributes:
        generic: the name of its generic test, or None where it is a query of its own.
        arguments: what the declaration gives to the generic test.
        table: what a generic test is attached to, with its schema.
    """

    name: str
    sql: str
    generic: str | None
    arguments: dict[str, Any]
    table: str


@pytest.fixture(scope="module")
def checks(small_company: DbtBuild) -> list[Check]:
    """Every data test of the project."""
    nodes = small_company.manifest["nodes"]
    found = []
    for unique_id, node in nodes.items():
        if node["resource_type"] != "test":
            continue
        metadata = node.get("test_metadata") or {}
        arguments = metadata.get("kwargs", {})
        attached = nodes.get(node.get("attached_node") or "", {})
        table = f"{attached['schema']}.{attached['name']}" if attached else ""
        sql = small_company.results[unique_id]["compiled_code"]
        found.append(
            Check(
                node["name"],
                sql,
                metadata.get("name"),
                {**arguments, **arguments.get("arguments", {})},
                table,
            )
        )
    return found


class Tables:
    """The tables of a build, whose rows a test may replace; every change is undone."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        rows = connection.execute(
            "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns"
        )
        self.types: dict[str, dict[str, str]] = {}
        for table, column, data_type in rows.fetchall():
            self.types.setdefault(table, {})[column] = data_type

    def answer(self, sql: str, rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """What a query returns where the named tables hold only the given rows."""
        self._connection.execute("begin")
        try:
            for table, given in rows.items():
                self._connection.execute(f"delete from {table}")
                for row in given:
                    columns = ", ".join(f'"{column}"' for column in row)
                    marks = ", ".join("?" for _ in row)
                    self._connection.execute(
                        f"insert into {table} ({columns}) values ({marks})", list(row.values())
                    )
            cursor = self._connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            self._connection.execute("rollback")

    def value(self, table: str, column: str) -> Any:
        """Some value of a column's type."""
        data_type = re.sub(r"\(.*", "", self.types[table][column])
        some = {"VARCHAR": "x", "DATE": date(2024, 1, 1), "TIMESTAMP": at("2024-01-01"), "BOOLEAN": True}
        return some.get(data_type, 1)


@pytest.fixture(scope="module")
def tables(small_company: DbtBuild, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """A copy of the build in which views have become tables."""
    # A compiled test names the warehouse after the stem of its file.
    copy = Path(
        shutil.copy(small_company.warehouse, tmp_path_factory.mktemp("broken") / small_company.warehouse.name)
    )
    with duckdb.connect(str(copy)) as connection:
        views = connection.execute(
            "select schema_name, view_name from duckdb_views() where not internal"
        ).fetchall()
        for schema, view in views:
            connection.execute(f"create table {schema}.{view}__rows as select * from {schema}.{view}")
            connection.execute(f"drop view {schema}.{view}")
            connection.execute(f"alter table {schema}.{view}__rows rename to {view}")
        yield Tables(connection)


def test_no_data_test_is_without_a_bad_input(checks: list[Check]) -> None:
    assert {check.name for check in checks if check.generic is None} == set(CASES)
    assert {check.generic for check in checks if check.generic} == GENERIC
    assert not {name for name, cases in CASES.items() if not any(case.says for case in cases)}
    assert not {name for name, cases in CASES.items() if all(case.says for case in cases)}


@pytest.mark.parametrize("name", CASES)
def test_a_singular_test_finds_what_is_bad_and_only_that(
    name: str, checks: list[Check], tables: Tables
) -> None:
    check = next(check for check in checks if check.name == name)
    for case in CASES[name]:
        # Months exist from January to March 2024, as built; everything else that the test reads is empty.
        empty: dict[str, list[dict[str, Any]]]
        empty = {table: [] for table in read_by(check.sql, tables) if not table.endswith(SHARED)}
        answer = tables.answer(check.sql, {**empty, **case.rows})
        assert bool(answer) == bool(case.says), f"{case}\n{answer}"
        for text in case.says:
            assert any(text in str(row) for row in answer), f"{text!r} is not said for {case}\n{answer}"


SHARED = ("int_months", "dim_months", "int_run_settings", "iso_4217_currencies", "allocation_drivers")


def read_by(sql: str, tables: Tables) -> set[str]:
    """The tables that a compiled query reads."""
    named = re.findall(r'"warehouse"\."(\w+)"\."(\w+)"', sql)
    return {f"{schema}.{table}" for schema, table in named} & tables.types.keys()


def test_every_grain_test_finds_a_double_key_and_a_missing_one(checks: list[Check], tables: Tables) -> None:
    broken = [check for check in checks if check.generic == "unique_grain"]
    assert broken
    for check in broken:
        key = {column: tables.value(check.table, column) for column in check.arguments["columns"]}
        assert tables.answer(check.sql, {check.table: [key]}) == [], check.name
        assert tables.answer(check.sql, {check.table: [key, key]}) == [{**key, "row_count": 2}], check.name
        for column in key:
            without = {**key, column: None}
            assert tables.answer(check.sql, {check.table: [without]}) == [{**without, "row_count": 1}], (
                check.name
            )


def test_every_list_of_values_finds_an_unknown_value_and_a_missing_one(
    checks: list[Check], tables: Tables
) -> None:
    broken = [check for check in checks if check.generic == "one_of"]
    assert broken
    for check in broken:
        column, key = check.arguments["column_name"], check.arguments["key"]
        known = [{column: value, key: str(number)} for number, value in enumerate(check.arguments["values"])]
        assert tables.answer(check.sql, {check.table: known}) == [], check.name
        unknown = [{column: "unheard of", key: "2"}, {column: "unheard of", key: "1"}]
        found = {
            "raw_table": check.arguments["raw_table"],
            "row_id": "1",
            "column_name": check.arguments["raw_column"],
            "reason": f"Expected one of: {', '.join(check.arguments['values'])}.",
        }
        assert tables.answer(check.sql, {check.table: known + unknown}) == [
            {**found, "rejected_value": "unheard of", "row_count": 2}
        ], check.name
        missing = tables.answer(check.sql, {check.table: [{column: None, key: "1"}]})
        allowed = check.arguments.get("null_allowed", False)
        assert missing == ([] if allowed else [{**found, "rejected_value": "NULL", "row_count": 1}]), (
            check.name
        )


def test_every_identity_finds_a_difference_of_the_last_digit_in_each_of_its_terms(
    checks: list[Check], tables: Tables
) -> None:
    broken = [check for check in checks if check.generic == "all_equal_zero"]
    assert broken
    for check in broken:
        terms = re.findall(r"\b[a-z]\w+", check.arguments["expression"])
        assert set(terms) <= tables.types[check.table].keys(), check.name
        balanced: dict[str, Any] = dict.fromkeys(terms, 0)
        assert tables.answer(check.sql, {check.table: [balanced]}) == [], check.name
        for term in terms:
            smallest = 1 if tables.types[check.table][term] in ("INTEGER", "BIGINT") else Decimal("0.0001")
            answer = tables.answer(check.sql, {check.table: [{**balanced, term: smallest}]})
            assert [abs(row["difference"]) for row in answer] == [smallest], check.name
            assert tables.answer(check.sql, {check.table: [{**balanced, term: None}]}), (
                f"{check.name} lets a missing {term} pass"
            )
