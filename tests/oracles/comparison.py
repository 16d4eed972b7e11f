"""Compares the rows of a published mart with those an oracle expects, value by value; amounts exactly.

Add a table here when an oracle answers it. Neither the oracle nor the reading of the published file lives
here, so that the comparison itself can be shown to fail.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MartRow = Mapping[str, Any]

# What is of the company as a whole, also where it is told by account.
TABLES_OF_COSTS = {
    "fct_cost_lines": ("transaction_id", "transaction_line_id", "part"),
    "fct_cost_pools_by_month": ("bucket", "is_direct", "department", "location", "month"),
    "fct_hosting_by_month": ("month", "provider", "environment"),
    "fct_amortization_by_asset_month": ("asset_id", "month"),
    "fct_cost_allocations": ("month", "method", "pool", "from_department", "target_type", "target_id"),
    "fct_cost_of_revenue_by_account_month": ("account_id", "bucket", "month"),
    "fct_gross_margin_by_month": ("month",),
    "fct_gross_margin_by_account_month": ("account_id", "month"),
    "fct_gross_margin_by_segment_month": ("segment_type", "segment", "month"),
    "fct_unit_economics_by_month": ("month",),
    "fct_acquisition_costs_by_channel_month": ("month", "channel"),
}
COLUMNS_OF_COSTS = ("margin_", "year_margin_", "year_cost_")
TABLES_OF_SUCCESS = {
    "fct_support_tickets": ("ticket_id",),
    "fct_support_entitlements": ("account_id", "basis", "valid_from_at"),
    "fct_support_by_month": ("month",),
    "fct_support_by_segment_month": ("segment_type", "segment", "month"),
    "fct_nps_by_month": ("month",),
    "fct_nps_by_segment_month": ("segment_type", "segment", "month"),
    "fct_adoption_by_month": ("month",),
    "fct_adoption_by_segment_month": ("segment_type", "segment", "month"),
    "fct_health_by_account_month": ("account_id", "month"),
    "fct_health_measures_by_account_month": ("account_id", "month", "score", "measure"),
    "fct_health_alerts": ("account_id", "month", "alert_kind"),
    "fct_money_back_requests": ("refund_id",),
    "dim_account_360": ("account_id",),
}
TABLES_OF_GROWTH = {
    "fct_funnel_by_month": ("month", "channel"),
    "fct_search_share_by_month": ("month",),
    "fct_pipeline_by_month": ("month", "stage"),
    "fct_sales_velocity_by_month": ("month",),
}
MART_KEYS = {
    "fct_mrr_by_account_month": ("account_id", "month"),
    "fct_mrr_by_account_currency_month": ("account_id", "currency_code", "month"),
    "fct_mrr_events": ("account_id", "event_date", "subscription_item_id", "event_number"),
    "fct_mrr_bridge_by_month": ("month",),
    "fct_mrr_bridge_by_segment_month": ("segment_type", "segment", "month"),
    "fct_subscription_metrics_by_month": ("month",),
    "fct_subscription_metrics_by_segment_month": ("segment_type", "segment", "month"),
    "fct_retention_by_cohort_month": ("cohort_month", "months_since"),
    "fct_retention_by_cohort_quarter": ("cohort_quarter", "quarters_since"),
    "fct_retention_by_segment_cohort_month": ("segment_type", "segment", "cohort_month", "months_since"),
    "fct_retention_curve_by_months_since": ("months_since",),
    "fct_revenue_by_account_month": ("account_id", "stream", "currency_code", "month"),
    "fct_deferred_revenue_by_month": ("currency_code", "month"),
    "fct_receivables_by_account_month": ("account_id", "currency_code", "month"),
    "dim_account_members": ("source_system", "object_type", "source_id"),
    "fct_identity_reviews": ("object_type", "left_id", "right_id"),
    "fct_identity_coverage": ("source_system", "object_type", "match_method"),
    "fct_segments_by_year": ("segment_type", "segment", "cross_segment_type", "cross_segment", "year"),
    **TABLES_OF_COSTS,
    **TABLES_OF_SUCCESS,
    **TABLES_OF_GROWTH,
}


@dataclass(frozen=True)
class Difference:
    """One value that is not what the oracle says; a whole row is the column ``(row)``."""

    table: str
    key: tuple[Any, ...]
    column: str
    published: Any
    expected: Any

    @property
    def is_about_costs(self) -> bool:
        return self.table in TABLES_OF_COSTS or self.column.startswith(COLUMNS_OF_COSTS)

    def __str__(self) -> str:
        key = ", ".join(str(part) for part in self.key)
        return f"{self.table} [{key}] {self.column}: published {self.published}, expected {self.expected}"


# Only rates are doubles, and a double is good to some 16 digits: two orders of the same division or power may
# differ in the last of them, never in the twelfth. This hides no cent: both sides of every rate stand beside
# it as DECIMAL amounts or counts, which must be equal exactly.
RATE_TOLERANCE = 1e-12


def is_equal(published: Any, expected: Any) -> bool:
    """Whether a value is the expected one: a double to 12 digits, everything else exactly and no double."""
    if isinstance(published, float) and isinstance(expected, float):
        return math.isclose(published, expected, rel_tol=RATE_TOLERANCE)
    return not isinstance(published, float) and not isinstance(expected, float) and published == expected


def compare_table(table: str, published: Sequence[MartRow], expected: Sequence[MartRow]) -> list[Difference]:
    """Every difference between two sets of rows of one table; columns only the mart has do not matter."""
    key_columns = MART_KEYS[table]

    def key_of(row: MartRow) -> tuple[Any, ...]:
        return tuple(row[column] for column in key_columns)

    counts = Counter(key_of(row) for row in published)
    differences = [
        Difference(table, key, "(row)", f"{count} times", "once")
        for key, count in counts.items()
        if count > 1
    ]
    published_by_key = {key_of(row): row for row in published}
    expected_by_key = {key_of(row): row for row in expected}
    for key in sorted({*published_by_key, *expected_by_key}):
        if key not in published_by_key:
            differences.append(Difference(table, key, "(row)", "absent", dict(expected_by_key[key])))
        elif key not in expected_by_key:
            differences.append(Difference(table, key, "(row)", dict(published_by_key[key]), "absent"))
        else:
            differences += [
                Difference(table, key, column, published_value, value)
                for column, value in expected_by_key[key].items()
                for published_value in [published_by_key[key].get(column, "(no such column)")]
                if not is_equal(published_value, value)
            ]
    return differences


def compare(
    published: Mapping[str, Sequence[MartRow]], expected: Mapping[str, Sequence[MartRow]]
) -> list[Difference]:
    """The differences of all tables that the oracle answers."""
    return [
        difference
        for table, rows in expected.items()
        for difference in compare_table(table, published[table], rows)
    ]
