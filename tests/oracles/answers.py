"""Everything that the oracles say about one landing folder, by published table.

Add a table here when an oracle learns to answer it, and its key to ``comparison.py``. How a number comes
about is the business of the oracle that answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from tests.oracles import cohorts, mrr, ratios, receivables, recognition, segments
from tests.oracles.account_360 import Account360
from tests.oracles.account_segments import AccountSegments
from tests.oracles.acquisition import Acquisition
from tests.oracles.costs import Costs
from tests.oracles.crm import Crm
from tests.oracles.customer_success import CustomerSuccess
from tests.oracles.funnel import Funnel
from tests.oracles.gross_margin import Margins, UnitCosts
from tests.oracles.identity import Identity
from tests.oracles.members import Members
from tests.oracles.money_back import MoneyBack
from tests.oracles.pipeline import Pipeline
from tests.oracles.segment_years import SegmentYears
from tests.oracles.unit_economics import UnitEconomics

Answers = dict[str, list[mrr.MartRow]]


def read_facts(
    landing: Path,
    company: mrr.Company,
    *,
    as_of: date | None,
    policies: Mapping[str, str] | None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None,
) -> segments.SegmentFacts:
    accounts = AccountSegments(
        landing,
        company.calendar,
        company.identity,
        policies or {},
        hidden_from=None if as_of is None else company.calendar.as_of,
    )
    return segments.read_segment_facts(landing, accounts, product_catalogue=product_catalogue or {})


def mrr_tables(company: mrr.Company, facts: segments.SegmentFacts, costs_of: cohorts.CostsOf) -> Answers:
    divided = segments.segmented_companies(company, facts)
    return {
        **mrr.account_tables(company),
        "fct_mrr_bridge_by_segment_month": segments.bridge_by_segment_rows(divided),
        "fct_subscription_metrics_by_month": ratios.metrics_rows(divided),
        "fct_subscription_metrics_by_segment_month": ratios.metrics_by_segment_rows(divided),
        "fct_retention_by_cohort_month": cohorts.cohort_month_rows(divided, costs_of),
        "fct_retention_by_cohort_quarter": cohorts.cohort_quarter_rows(divided, costs_of),
        "fct_retention_by_segment_cohort_month": cohorts.segment_cohort_month_rows(divided, costs_of),
        "fct_retention_curve_by_months_since": cohorts.curve_rows(divided, costs_of),
    }


def revenue_tables(books: recognition.Books) -> Answers:
    return {
        "fct_revenue_by_account_month": books.account_month_rows(),
        "fct_deferred_revenue_by_month": books.deferred_month_rows(),
        "fct_receivables_by_account_month": receivables.account_month_rows(books),
    }


def cost_tables(margins: Margins) -> Answers:
    costs = margins.costs
    return {
        "fct_cost_lines": costs.line_rows(),
        "fct_cost_pools_by_month": costs.pool_rows(),
        "fct_hosting_by_month": costs.hosting_rows(),
        "fct_amortization_by_asset_month": costs.amortization_rows(),
        "fct_cost_allocations": costs.allocation_rows(),
        "fct_cost_of_revenue_by_account_month": costs.cost_of_revenue_rows(),
        "fct_gross_margin_by_month": margins.month_rows(),
        "fct_gross_margin_by_account_month": margins.account_month_rows(),
        "fct_gross_margin_by_segment_month": margins.segment_month_rows(),
    }


def answer_about_mrr(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> Answers:
    """MRR and what rests on it, which needs no exchange rate but those of months; and nothing of costs."""
    company = mrr.read_company(landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    facts = read_facts(landing, company, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    return mrr_tables(company, facts, lambda _: UnitCosts(set(), {}))


def answer_about_revenue(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
) -> Answers:
    """What was billed, what of it is earned, and what is owed for it."""
    return revenue_tables(
        recognition.read_books(landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    )


def answer(
    landing: Path,
    *,
    as_of: date | None = None,
    policies: Mapping[str, str] | None = None,
    product_catalogue: Mapping[str, Mapping[str, str]] | None = None,
    identity: Identity | None = None,
) -> Answers:
    """The rows that each mart must hold, by table name; arguments and errors as in ``mrr.read_company``.

    Where ``identity`` is not given it is found out.
    """
    company = mrr.read_company(
        landing, as_of=as_of, policies=policies, product_catalogue=product_catalogue, identity=identity
    )
    books = recognition.read_books(
        landing,
        as_of=as_of,
        policies=policies,
        product_catalogue=product_catalogue,
        identity=company.identity,
    )
    facts = read_facts(landing, company, as_of=as_of, policies=policies, product_catalogue=product_catalogue)
    crm = Crm(landing, company.calendar, company.identity, facts.accounts)
    success = CustomerSuccess(crm, company, books, policies or {})
    facts.accounts.band_of = success.health.band_of
    funnel = Funnel(crm, success.adoption.first_paid_days, policies or {})
    pipeline = Pipeline(crm, company.rates, policies or {})
    margins = Margins(landing, policies or {}, Costs(landing, policies or {}, company, books), facts)
    about_mrr = mrr_tables(company, facts, margins.unit_costs)
    economics = UnitEconomics(margins, policies or {}, about_mrr["fct_mrr_bridge_by_month"])
    acquisition = Acquisition(crm, company, economics, success.adoption.first_paid_days, policies or {})
    about_revenue = revenue_tables(books)
    everything = Account360(
        crm,
        company,
        books,
        margins,
        success,
        facts,
        account_months=about_mrr["fct_mrr_by_account_month"],
        receivables=about_revenue["fct_receivables_by_account_month"],
    )
    return {
        **about_mrr,
        **about_revenue,
        **cost_tables(margins),
        "fct_unit_economics_by_month": economics.month_rows(),
        **success.tables,
        "fct_funnel_by_month": funnel.rows(),
        "fct_search_share_by_month": funnel.search_share_rows(),
        "fct_pipeline_by_month": pipeline.stage_rows(),
        "fct_sales_velocity_by_month": pipeline.velocity_rows(),
        "fct_acquisition_costs_by_channel_month": acquisition.rows(),
        "dim_account_360": everything.rows(),
        "dim_account_members": Members(crm).rows(),
        "fct_money_back_requests": MoneyBack(books, policies or {}).rows(),
        "fct_segments_by_year": SegmentYears(company, margins, facts, policies or {}).rows(),
    }
