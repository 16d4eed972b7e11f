"""Writes landing folders for tests: tables of Python values as the CSV files of an export.

Add a table here when a test writes it. What the rows are is the business of whoever makes them; nothing is
checked, so that a test can also write what must be refused.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

TableRows = Mapping[str, list[dict[str, Any]]]

SHARED_COLUMNS = ["is_deleted", "livemode", "metadata", "_fivetran_synced"]

# By "<source>/<table>": the columns that the tests use.
COLUMNS = {
    "billing/customer": ["id", "name", "email", "phone", "created", "currency", "address_country"],
    "billing/product": ["id", "name", "created"],
    "billing/price": [
        "id",
        "product_id",
        "billing_scheme",
        "currency",
        "type",
        "unit_amount",
        "unit_amount_decimal",
        "recurring_interval",
        "recurring_interval_count",
        "recurring_usage_type",
        "tiers_mode",
        "transform_quantity_divide_by",
        "transform_quantity_round",
        "created",
    ],
    "billing/price_tier": ["price_id", "index", "up_to", "unit_amount", "unit_amount_decimal", "flat_amount"],
    "billing/plan": [
        "id",
        "amount",
        "currency",
        "interval",
        "interval_count",
        "product_id",
        "usage_type",
        "billing_scheme",
        "tiers_mode",
    ],
    "billing/subscription": [
        "id",
        "customer_id",
        "status",
        "created",
        "start_date",
        "canceled_at",
        "ended_at",
        "trial_start",
        "trial_end",
        "current_period_end",
        "cancel_at",
        "cancel_at_period_end",
        "cancellation_details_reason",
        "pause_collection_behavior",
    ],
    "billing/subscription_item": ["id", "subscription_id", "price_id", "plan_id", "quantity", "created"],
    "billing/invoice": [
        "id",
        "customer_id",
        "subscription_id",
        "status",
        "currency",
        "subtotal",
        "tax",
        "total",
        "amount_due",
        "amount_paid",
        "amount_remaining",
        "created",
        "due_date",
        "status_transitions_finalized_at",
        "status_transitions_paid_at",
        "status_transitions_voided_at",
        "status_transitions_marked_uncollectible_at",
    ],
    "billing/invoice_line_item": [
        "id",
        "invoice_id",
        "subscription_id",
        "subscription_item_id",
        "price_id",
        "plan_id",
        "type",
        "description",
        "amount",
        "currency",
        "quantity",
        "proration",
        "period_start",
        "period_end",
    ],
    "billing/coupon": [
        "id",
        "percent_off",
        "amount_off",
        "currency",
        "duration",
        "duration_in_months",
    ],
    "billing/discount": ["id", "type", "type_id", "amount", "coupon_id"],
    "billing/subscription_discount": ["id", "subscription_id", "customer_id", "coupon_id", "start", "end"],
    "billing/charge": [
        "id",
        "amount",
        "captured",
        "paid",
        "status",
        "currency",
        "customer_id",
        "invoice_id",
        "created",
    ],
    "billing/refund": ["id", "amount", "charge_id", "status", "created"],
    "billing/credit_note": [
        "id",
        "invoice_id",
        "amount",
        "discount_amount",
        "subtotal",
        "total",
        "type",
        "status",
        "created",
        "voided_at",
    ],
    "billing/credit_note_line_item": ["id", "credit_note_id", "invoice_line_item_id", "amount"],
    "billing/balance_transaction": [
        "id",
        "amount",
        "fee",
        "net",
        "type",
        "source",
        "currency",
        "exchange_rate",
        "available_on",
        "payout_id",
        "created",
    ],
    "billing/payout": ["id", "amount", "arrival_date", "status"],
    "billing/dispute": ["id", "amount", "charge_id", "status", "created"],
    "ledger/currency": ["id", "name", "symbol"],
    "ledger/currencyrate": ["basecurrency", "transactioncurrency", "effectivedate", "exchangerate"],
    "ledger/account": ["id", "acctnumber", "accttype", "fullname"],
    "ledger/accountingperiod": ["id", "startdate", "enddate", "closed", "isadjust"],
    "ledger/department": ["id", "name", "fullname"],
    "ledger/location": ["id", "name", "fullname"],
    "ledger/classification": ["id", "name", "fullname"],
    "ledger/vendor": ["id", "name", "externalid"],
    "ledger/entity": ["id", "name", "externalid"],
    "ledger/transaction": [
        "id",
        "transactionnumber",
        "type",
        "trandate",
        "postingperiod",
        "posting",
        "exchangerate",
        "entity",
        "externalid",
    ],
    "ledger/transactionline": [
        "id",
        "transaction",
        "department",
        "location",
        "class",
        "entity",
        "foreignamount",
    ],
    "ledger/transactionaccountingline": [
        "transaction",
        "transactionline",
        "account",
        "debit",
        "credit",
        "amount",
        "posting",
        "accountingbook",
    ],
    "ledger/employee": ["id", "department", "location", "start_date", "end_date", "fte", "function"],
    "ledger/employee_assignment": [
        "employee_id",
        "department",
        "location",
        "fte",
        "valid_from",
        "valid_to",
    ],
    "ledger/time_survey": ["employee_id", "month", "function", "share"],
    "ledger/time_entry": ["employee_id", "date", "account_external_id", "project", "hours"],
    "ledger/cloud_cost": [
        "BillingPeriodStart",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "ChargeCategory",
        "ServiceName",
        "BilledCost",
        "EffectiveCost",
        "BillingCurrency",
        "InvoiceId",
        "ProviderName",
        "Tags",
    ],
    "ledger/capitalized_asset": [
        "id",
        "name",
        "kind",
        "cost",
        "currency",
        "capitalized_on",
        "in_service_on",
        "useful_life_months",
        "disposed_on",
        "parent_asset_id",
    ],
    "crm/company": [
        "id",
        "property_name",
        "property_domain",
        "property_phone",
        "property_country",
        "property_industry",
        "property_numberofemployees",
        "property_hs_analytics_source",
        "property_hubspot_owner_id",
        "property_hs_parent_company_id",
        "property_stripe_customer_id",
        "property_hs_merged_object_ids",
        "property_createdate",
        "is_deleted",
    ],
    "crm/company_property_history": ["company_id", "name", "value", "timestamp"],
    "crm/contact": [
        "id",
        "property_email",
        "property_firstname",
        "property_lastname",
        "property_phone",
        "property_country",
        "property_createdate",
        "property_lifecyclestage",
        "property_associatedcompanyid",
        "property_hs_analytics_source",
        "property_hs_merged_object_ids",
        "property_hs_v2_date_entered_lead",
        "property_hs_v2_date_entered_marketingqualifiedlead",
        "property_hs_v2_date_entered_salesqualifiedlead",
        "property_hs_v2_date_entered_opportunity",
        "property_hs_v2_date_entered_customer",
        "is_deleted",
    ],
    "crm/contact_form_submission": ["contact_id", "form_id", "form_type", "timestamp", "page_url"],
    "crm/contact_property_history": ["contact_id", "name", "value", "timestamp"],
    "crm/deal": [
        "deal_id",
        "deal_pipeline_id",
        "deal_pipeline_stage_id",
        "property_amount",
        "property_createdate",
        "property_closedate",
        "property_dealtype",
        "is_deleted",
    ],
    "crm/deal_company": ["deal_id", "company_id"],
    "crm/deal_stage": ["deal_id", "value", "date_entered"],
    "crm/deal_pipeline_stage": [
        "stage_id",
        "label",
        "probability",
        "closed_won",
        "is_closed",
        "display_order",
    ],
    "crm/deal_property_history": ["deal_id", "name", "value", "timestamp"],
    "crm/product_usage": [
        "company_id",
        "date",
        "seats_active",
        "seats_paid",
        "daily_active_users",
        "monthly_active_users",
        "key_events",
        "compute_units",
    ],
    "crm/activation_event": ["company_id", "event", "occurred_at"],
    "crm/ticket": [
        "id",
        "company_id",
        "property_createdate",
        "property_first_agent_reply_date",
        "property_closed_date",
        "handled_minutes",
        "is_deleted",
    ],
    "crm/feedback_submission": ["id", "contact_id", "company_id", "survey_id", "value", "submitted_at"],
    "crm/csm_rating": ["company_id", "rated_at", "rating"],
    "crm/engagement": ["id", "company_id", "contact_id", "type", "occurred_at"],
    "crm/web_visit": [
        "anonymous_id",
        "contact_id",
        "visited_at",
        "source",
        "page_url",
        "is_bot",
        "is_employee",
    ],
    "crm/marketing_spend": ["date", "channel", "campaign", "amount", "currency"],
    "crm/search_interest": ["month", "term", "volume", "is_own"],
    "policy/support_hours": ["weekday", "span_number", "opens", "closes", "why"],
    "policy/support_holidays": ["holiday_date", "holiday_name", "is_closed", "why"],
    "policy/identity_decisions": [
        "object_type",
        "left_id",
        "right_id",
        "decision",
        "decided_by",
        "decided_on",
        "why",
    ],
    "policy/cost_rules": [
        "rule",
        "priority",
        "account_number",
        "account_type",
        "account_name",
        "account_role",
        "department",
        "vendor",
        "class",
        "bucket",
        "pool",
        "is_direct",
        "why",
    ],
    "policy/allocation_rules": ["pool", "driver", "fallback_drivers", "why"],
    "policy/cost_mappings": ["mapping", "value", "target", "pool", "why"],
    "policy/metric_policies": ["policy_key", "policy_value", "authority", "why"],
    "policy/product_catalogue": [
        "product_id",
        "service_type",
        "deployment",
        "licence_type",
        "revenue_stream",
        "why",
    ],
}
REQUIRED_TABLES = (
    "billing/customer",
    "billing/price",
    "billing/subscription",
    "billing/invoice",
    "billing/invoice_line_item",
)


def as_text(value: Any) -> str:
    """One cell: NULL is empty, an instant is ISO 8601 in UTC, a truth value is ``true`` or ``false``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def write_table(landing: Path, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    columns = COLUMNS[table] + (SHARED_COLUMNS if table.startswith("billing/") else [])
    path = landing / f"{table}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: as_text(value) for name, value in row.items()})


def write_landing(landing: Path, tables: TableRows) -> None:
    """Every table that has rows, and the required ones, into a folder that holds no others.

    Raises:
        ValueError: a row has a column that ``COLUMNS`` does not list.
    """
    for table in {**dict.fromkeys(REQUIRED_TABLES), **dict.fromkeys(tables)}:
        rows = tables.get(table, [])
        if rows or table in REQUIRED_TABLES:
            write_table(landing, table, rows)
