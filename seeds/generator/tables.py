"""The exported tables: names, columns and kinds, in the spelling of the connectors.

Declares what the writers fill, once, for CSV and Parquet alike. Columns are those that carry data; a real
export has more. What the warehouse requires of a table is declared beside its staging models, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | bool | None
Row = tuple[Value, ...]
Rows = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: text, integer, boolean, or timestamp (seconds since 1970, written as ISO 8601)."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of one source; ``order`` names the columns by which a CSV file is sorted."""

    source: str
    name: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]


_KINDS = {"": "text", "#": "integer", "?": "boolean", "@": "timestamp"}


def _table(source: str, name: str, columns: str, order: str = "created id") -> Table:
    """A table from its column names; a last ``#`` marks integers, ``?`` booleans, ``@`` timestamps."""
    parsed = []
    for word in columns.split():
        mark = word[-1] if word[-1] in "#?@" else ""
        parsed.append(Column(word.removesuffix(mark) if mark else word, _KINDS[mark]))
    return Table(source, name, tuple(parsed), tuple(order.split()))


# invoice_prefix of customer is a column that no contract knows: loaders must say so and go on.
_BILLING_COLUMNS = {
    "customer": """
        id email name phone description created@ currency delinquent? address_country address_city
        address_postal_code tax_exempt invoice_prefix is_deleted?""",
    "product": "id name active? type unit_label created@ metadata is_deleted?",
    "price": """
        id product_id active? billing_scheme currency nickname type unit_amount# unit_amount_decimal
        recurring_interval recurring_interval_count# recurring_usage_type tiers_mode
        transform_quantity_divide_by# transform_quantity_round created@ is_deleted?""",
    "price_tier": "price_id index# up_to# unit_amount# unit_amount_decimal flat_amount#",
    "plan": """
        id product_id active? amount# currency interval interval_count# usage_type billing_scheme tiers_mode
        nickname created@ is_deleted?""",
    "subscription": """
        id customer_id status created@ start_date@ current_period_start@ current_period_end@
        billing_cycle_anchor@ cancel_at@ cancel_at_period_end? canceled_at@ ended_at@ trial_start@ trial_end@
        cancellation_details_reason pause_collection_behavior pause_collection_resumes_at@ is_deleted?""",
    "subscription_item": "id subscription_id price_id plan_id quantity# created@ metadata is_deleted?",
    "invoice": """
        id number customer_id subscription_id status currency billing_reason subtotal# tax# total# amount_due#
        amount_paid# amount_remaining# period_start@ period_end@ created@ due_date@
        status_transitions_finalized_at@ status_transitions_paid_at@ status_transitions_voided_at@
        status_transitions_marked_uncollectible_at@ charge_id""",
    "invoice_line_item": """
        id invoice_id subscription_id subscription_item_id price_id plan_id type description amount# currency
        quantity# proration? period_start@ period_end@""",
    "coupon": "id name percent_off# amount_off# currency duration duration_in_months# created@ is_deleted?",
    "subscription_discount": "id subscription_id customer_id coupon_id start@ end@",
    "discount": "id type type_id amount# coupon_id customer_id subscription_id invoice_id start@ end@",
    "charge": """
        id amount# amount_refunded# captured? paid? status currency customer_id invoice_id
        balance_transaction_id failure_code created@""",
    "refund": "id amount# charge_id reason status currency balance_transaction_id created@",
    "credit_note": """
        id invoice_id amount# discount_amount# subtotal# total# currency type status reason created@
        voided_at@""",
    "credit_note_line_item": "id credit_note_id invoice_line_item_id amount# quantity#",
    "balance_transaction": """
        id amount# fee# net# type source currency exchange_rate available_on@ payout_id created@""",
    "fee": "balance_transaction_id index# amount# type currency",
    "payout": "id amount# currency arrival_date@ status created@",
    "dispute": "id amount# currency charge_id reason status created@",
}

_BILLING_ORDERS = {
    "price_tier": "price_id index",
    "invoice_line_item": "id",
    "subscription_discount": "start id",
    "discount": "type_id",
    "credit_note_line_item": "credit_note_id id",
    "fee": "balance_transaction_id index",
}

# The connector writes fees with the transaction they belong to: they have no stamp of their own.
_WITHOUT_STAMP = {"fee"}

BILLING: Mapping[str, Table] = {
    name: _table(
        "billing",
        name,
        f"{columns} livemode? {'' if name in _WITHOUT_STAMP else '_fivetran_synced@'}",
        _BILLING_ORDERS.get(name, "created id"),
    )
    for name, columns in _BILLING_COLUMNS.items()
}

# Ids are numbers, as NetSuite's are; booleans are T and F, and so text.
_LEDGER_TABLES = {
    "account": ("id# acctnumber accttype fullname parent# isinactive", "id"),
    "accountingperiod": (
        "id# periodname startdate enddate closed closedondate@ isadjust isquarter isyear",
        "id",
    ),
    "department": ("id# name fullname parent#", "id"),
    "location": ("id# name fullname parent#", "id"),
    "classification": ("id# name fullname parent#", "id"),
    "subsidiary": ("id# name fullname parent#", "id"),
    "currency": ("id# name symbol", "id"),
    "currencyrate": (
        "basecurrency# transactioncurrency# effectivedate exchangerate",
        "effectivedate transactioncurrency",
    ),
    "vendor": ("id# name externalid", "id"),
    "entity": ("id# name externalid", "id"),
    "transaction": (
        """id# transactionnumber type trandate postingperiod# posting currency# exchangerate entity# memo
        reversal# externalid createddate@ lastmodifieddate@""",
        "trandate id",
    ),
    "transactionline": (
        "id# transaction# department# location# class# entity# memo foreignamount",
        "transaction id",
    ),
    "transactionaccountingline": (
        "transaction# transactionline# account# debit credit amount posting accountingbook#",
        "transaction transactionline accountingbook",
    ),
    "cloud_cost": (
        """BillingAccountId SubAccountId BillingPeriodStart@ ChargePeriodStart@ ChargePeriodEnd@
        ChargeCategory ServiceName ServiceCategory ResourceId RegionId BilledCost EffectiveCost
        BillingCurrency InvoiceId ProviderName Tags""",
        "BillingPeriodStart InvoiceId ResourceId ChargeCategory",
    ),
    "employee": ("id department location start_date end_date fte function", "id"),
    "employee_assignment": (
        "employee_id department location fte valid_from valid_to",
        "employee_id valid_from",
    ),
    "time_survey": ("employee_id month function share", "employee_id month function"),
    "time_entry": (
        "employee_id date account_external_id project hours",
        "date employee_id account_external_id project",
    ),
    "capitalized_asset": (
        """id name kind cost currency capitalized_on in_service_on useful_life_months# disposed_on
        parent_asset_id""",
        "id",
    ),
}

LEDGER: Mapping[str, Table] = {
    name: _table("ledger", name, columns, order) for name, (columns, order) in _LEDGER_TABLES.items()
}

_CRM_TABLES = {
    "company": (
        """id property_name property_domain property_phone property_industry property_country property_city
        property_numberofemployees# property_annualrevenue property_lifecyclestage property_createdate@
        property_hs_parent_company_id property_hs_merged_object_ids property_hs_analytics_source
        property_hubspot_owner_id property_deployment_type property_stripe_customer_id is_deleted?
        _fivetran_synced@""",
        "property_createdate id",
    ),
    "ticket": (
        """id company_id property_createdate@ property_first_agent_reply_date@ property_closed_date@
        property_hs_ticket_priority property_hs_ticket_category property_subject handled_minutes team
        _fivetran_synced@""",
        "property_createdate id",
    ),
    "contact": (
        """id property_email property_firstname property_lastname property_phone property_jobtitle
        property_buying_role property_country property_createdate@ property_lifecyclestage
        property_hs_lead_status property_hubspotscore property_associatedcompanyid
        property_hs_analytics_source property_hs_merged_object_ids property_hs_v2_date_entered_lead@
        property_hs_v2_date_entered_marketingqualifiedlead@ property_hs_v2_date_entered_salesqualifiedlead@
        property_hs_v2_date_entered_opportunity@ property_hs_v2_date_entered_customer@ is_deleted?
        _fivetran_synced@""",
        "property_createdate id",
    ),
    "owner": ("owner_id email first_name last_name _fivetran_synced@", "owner_id"),
    "deal": (
        """deal_id deal_pipeline_id deal_pipeline_stage_id owner_id property_dealname property_amount
        property_closedate@ property_createdate@ property_dealtype is_deleted? _fivetran_synced@""",
        "property_createdate deal_id",
    ),
    "deal_company": ("deal_id company_id _fivetran_synced@", "deal_id company_id"),
    "deal_stage": ("deal_id value date_entered@ _fivetran_synced@", "date_entered deal_id value"),
    "deal_pipeline_stage": (
        "stage_id label probability closed_won? is_closed? display_order# _fivetran_synced@",
        "stage_id",
    ),
    "contact_form_submission": (
        "contact_id form_id form_type timestamp@ page_url _fivetran_synced@",
        "timestamp contact_id form_id",
    ),
    "company_property_history": (
        "company_id name value timestamp@ source _fivetran_synced@",
        "timestamp company_id name",
    ),
    "contact_property_history": (
        "contact_id name value timestamp@ source _fivetran_synced@",
        "timestamp contact_id name",
    ),
    "deal_property_history": (
        "deal_id name value timestamp@ source _fivetran_synced@",
        "timestamp deal_id name",
    ),
    "engagement": (
        "id company_id contact_id type occurred_at@ owner_id _fivetran_synced@",
        "occurred_at id",
    ),
    "feedback_submission": (
        "id contact_id company_id survey_id value# submitted_at@ comment _fivetran_synced@",
        "submitted_at id",
    ),
    # What follows are records of the vendor's own tools and lists, not a connector's: no stamp.
    "csm_rating": ("company_id rated_at@ rating note", "rated_at company_id"),
    "activation_event": ("company_id event occurred_at@", "occurred_at company_id event"),
    "web_visit": (
        "anonymous_id contact_id visited_at@ source page_url utm_campaign is_bot? is_employee?",
        "visited_at anonymous_id page_url",
    ),
    "marketing_spend": ("date channel campaign amount currency", "date channel campaign"),
    "search_interest": ("month term volume# is_own?", "month term"),
    "product_usage": (
        """company_id date seats_active# seats_paid# daily_active_users# monthly_active_users# key_events#
        compute_units""",
        "date company_id",
    ),
}

CRM: Mapping[str, Table] = {
    name: _table("crm", name, columns, order) for name, (columns, order) in _CRM_TABLES.items()
}
