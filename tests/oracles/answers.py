"""Everything that the oracles say about one landing folder, by published table.

Add a table here when an oracle learns to answer it, and its key to ``comparison.py``. How a number comes
about is the business of the oracle that answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from tests.oracles import cohorts, mrr, ratios, receivables, recognition, segments


def answer_about_mrr(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, list[mrr.MartRow]]:
    """MRR and what rests on it, which needs no exchange rate but those of months."""
    company = mrr.read_company(landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    facts = segments.read_segment_facts(
        landing,
        hidden_from=None if as_of is None else company.calendar.as_of,
        product_catalogue=product_catalogue or {},
    )
    divided = segments.segmented_companies(company, facts)
    return {
        **mrr.account_tables(company),
        "fct_mrr_bridge_by_segment_month": segments.bridge_by_segment_rows(divided),
        "fct_subscription_metrics_by_month": ratios.metrics_rows(divided),
        "fct_subscription_metrics_by_segment_month": ratios.metrics_by_segment_rows(divided),
        "fct_retention_by_cohort_month": cohorts.cohort_month_rows(divided),
        "fct_retention_by_cohort_quarter": cohorts.cohort_quarter_rows(divided),
        "fct_retention_by_segment_cohort_month": cohorts.segment_cohort_month_rows(divided),
        "fct_retention_curve_by_months_since": cohorts.curve_rows(divided),
    }


def answer_about_revenue(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, list[mrr.MartRow]]:
    """What was billed, what of it is earned, and what is owed for it."""
    books = recognition.read_books(
        landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue
    )
    return {
        "fct_revenue_by_account_month": books.account_month_rows(),
        "fct_deferred_revenue_by_month": books.deferred_month_rows(),
        "fct_receivables_by_account_month": receivables.account_month_rows(books),
    }


def answer(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, list[mrr.MartRow]]:
    """The rows that each mart must hold, by table name; arguments and errors as in ``mrr.read_company``."""
    about_mrr = answer_about_mrr(landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    about_revenue = answer_about_revenue(
        landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue
    )
    return about_mrr | about_revenue
