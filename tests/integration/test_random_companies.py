"""Hundreds of random accounts, published by the nightly, against the definitions in plain Python.

Every variant is one build. Accounts do not touch each other, so that a difference is followed to its account
and that account is reduced, many reductions a build, until a person can read it. Costs are of the company as
a whole: what differs in them is shown as it is, and no account is reduced for it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from orchestration.runs import RunError
from tests.conftest import EXAMPLE_LANDING
from tests.oracles.comparison import Difference, compare, compare_table
from tests.oracles.export import OracleError
from tests.oracles.members import coverage
from tests.oracles.mrr import MartRow, read_company
from tests.oracles.published import read_marts
from tests.oracles.random_companies import (
    MONTHS,
    Account,
    PackedCompany,
    pack,
    positions_of,
    random_accounts,
)
from tests.oracles.reviews import review_differences
from tests.oracles.shrinking import describe, in_halves, row_places, shrink

BuildWarehouse = Callable[..., Path]

# The ledger of random costs has no balances of assets, bills or payroll to compare with.
CONTROLS_OF_COSTS = ("expenses_by_account", "cost_of_revenue_by_bucket")

# Billed as anybody is, so that every control of billing has something to compare beside accounts that were
# reduced to next to nothing.
BYSTANDER: Account = {
    "billing/customer": [{"id": "cus", "created": MONTHS[0]}],
    "billing/price": [
        {
            "id": "price",
            "product_id": "p",
            "currency": "usd",
            "recurring_interval": "month",
            "unit_amount": 1000,
        },
    ],
    "billing/invoice": [
        {"id": "in", "customer_id": "cus", "status": "paid", "currency": "usd", "created": MONTHS[1]},
    ],
    "billing/invoice_line_item": [
        {
            "id": "il",
            "invoice_id": "in",
            "subscription_item_id": "si",
            "price_id": "price",
            "type": "subscription",
            "proration": False,
            "amount": 1000,
            "currency": "usd",
            "quantity": 1,
            "period_start": MONTHS[1],
            "period_end": MONTHS[2],
        }
    ],
}


@dataclass(frozen=True)
class Variant:
    """What a whole company has in common; ``seed`` names its accounts and its costs."""

    seed: str
    as_of: date | None = None
    policies: Mapping[str, str] = field(default_factory=dict)
    account_count: int = 400

    @property
    def policies_of_the_books(self) -> Mapping[str, str]:
        """The ledger holds costs and nothing of billing, whose controls it must not be held to."""
        return {**self.policies, "ledger_controls_from": "closed_periods"}


VARIANTS = {
    "at the data clock": Variant("clock", policies={"cac_lag_months": "1", "margin_review_points": "0.05"}),
    "as of a day in New York, with grace, in euros": Variant(
        "day",
        as_of=date(2024, 4, 30),
        policies={
            "reporting_currency": "EUR",
            "reporting_time_zone": "America/New_York",
            "renewal_grace_days": "5",
            "licence_support_allocation": "relative",
            "allocation_method": "step_down",
            "customer_success_in_cor": "true",
            "support_time_zone": "Europe/London",
            "first_reply_minutes": "61",
            "nps_period_months": "3",
        },
    ),
    "impatient with what is past due, with a fiscal year from April": Variant(
        "impatient",
        policies={
            "past_due_churn_days": "10",
            "fiscal_year_start_month": "4",
            "licence_support_share": "0.2",
            "allocation_method": "direct",
            "clv_cap_months": "3",
            "health_drop_days": "61",
            "health_green_from": "60",
            "health_minimum_coverage": "0.35",
            "health_coverage_alert_fall": "0.2",
            "sme_below_employees": "251",
            "mql_score": "39.5",
            "pricing_pages": "/pricing /blog",
            "support_included_months": "3",
            "margin_benchmark_total": "bvp_index_mean",
        },
    ),
}


def published_of(
    landing: Path, variant: Variant, build_warehouse: BuildWarehouse
) -> Mapping[str, list[MartRow]]:
    as_of = variant.as_of.isoformat() if variant.as_of else None
    return read_marts(build_warehouse(landing, as_of=as_of))


def control_names() -> list[str]:
    with (EXAMPLE_LANDING / "reference" / "controls.csv").open(encoding="utf-8", newline="") as file:
        return [row["control"] for row in csv.DictReader(file)]


def differences_of(
    accounts: Sequence[Account], variant: Variant, folder: Path, build_warehouse: BuildWarehouse
) -> list[Difference]:
    """Of a company without costs, which are no account's own.

    Reduced accounts may lack what billing adds up to: the controls only report it.
    """
    policies = {**variant.policies, "controls_that_only_report": " ".join(control_names())}
    company = pack([*accounts, BYSTANDER], folder, as_of=variant.as_of, policies=policies)
    return compare(published_of(folder, variant, build_warehouse), company.expected())


def differences_of_matches(
    published: Mapping[str, list[MartRow]], expected: Mapping[str, list[MartRow]], company: PackedCompany
) -> list[Difference]:
    """Of what is told about published pairs of records, and counted of published matches."""
    identity = read_company(
        company.landing,
        as_of=company.as_of,
        policies=company.policies,
        product_catalogue=company.product_catalogue,
    ).identity
    last_month = max(row["month"] for row in expected["fct_mrr_bridge_by_month"])
    counted = coverage(published["dim_account_members"], expected["fct_mrr_by_account_month"], last_month)
    return [
        *review_differences(published["fct_identity_reviews"], identity),
        *compare_table("fct_identity_coverage", published["fct_identity_coverage"], counted),
    ]


def differing_positions(differences: Sequence[Difference]) -> set[int]:
    """Which of the packed accounts differ; rows without an id of theirs only follow from them."""
    return {
        position
        for difference in differences
        if not difference.is_about_costs
        for position in positions_of(difference.key)
    }


def failing_controls(warehouse: Path) -> list[str]:
    """Those of costs, which must hold of every company."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select * from marts.fct_controls_by_period where status = 'fails' and control in "
            f"({', '.join(repr(name) for name in CONTROLS_OF_COSTS)})"
        )
        return [str(row) for row in rows.fetchall()]


def is_valid(account: Account, variant: Variant) -> bool:
    with TemporaryDirectory() as folder:
        try:
            pack([account], Path(folder), as_of=variant.as_of, policies=variant.policies).expected()
        except OracleError:
            return False
    return True


def smallest_case(
    accounts: Sequence[Account], variant: Variant, folder: Path, build_warehouse: BuildWarehouse
) -> str:
    """The smallest of some differing accounts, reduced, with what still differs."""
    builds = 0

    def still_differ(candidates: Sequence[Account]) -> set[int]:
        nonlocal builds
        builds += 1
        # An account that must be refused would stop the whole build; an empty one takes its place.
        tried = [candidate if is_valid(candidate, variant) else {} for candidate in candidates]
        differences = differences_of(tried, variant, folder / f"build{builds}", build_warehouse)
        return differing_positions(differences)

    account = min(accounts, key=lambda account: len(row_places(account)))
    smallest = shrink(account, in_halves(still_differ, RunError))
    left = differences_of([smallest], variant, folder / "smallest", build_warehouse)
    return "\n".join([describe(smallest), *(str(difference) for difference in left[:10])])


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_number_of_random_companies_is_the_oracles(
    variant: Variant, tmp_path: Path, build_warehouse: BuildWarehouse
) -> None:
    accounts = random_accounts(variant.seed, variant.account_count)
    landing = tmp_path / "all"
    company = pack(
        accounts,
        landing,
        as_of=variant.as_of,
        policies=variant.policies_of_the_books,
        cost_seed=variant.seed,
    )
    published, expected = published_of(landing, variant, build_warehouse), company.expected()
    differences = compare(published, expected) + differences_of_matches(published, expected, company)
    positions = differing_positions(differences)
    if positions:
        differing = [accounts[position] for position in sorted(positions)]
        case = smallest_case(differing, variant, tmp_path, build_warehouse)
        pytest.fail(f"{len(positions)} of {len(accounts)} accounts differ; the smallest case found:\n{case}")
    assert not differences, "\n".join(str(difference) for difference in differences[:20])
    as_of = variant.as_of.isoformat() if variant.as_of else None
    assert failing_controls(build_warehouse(landing, as_of=as_of)) == []


def test_a_wrong_way_in_which_customers_were_found_is_told(tmp_path: Path) -> None:
    company = pack(random_accounts("followed", 60), tmp_path)
    expected = company.expected()["dim_account_360"]
    ways = {row["match_method"] for row in expected}
    assert {"crm_property", "billing_customer", "crm_company"} < ways
    for way in ways:
        position = next(n for n, row in enumerate(expected) if row["match_method"] == way)
        wrong = expected[position] | {"match_method": "decision"}
        published = [*expected[:position], wrong, *expected[position + 1 :]]
        [difference] = compare_table("dim_account_360", published, expected)
        assert (difference.column, difference.expected) == ("match_method", way)


def test_accounts_without_anything_to_compare_are_compared_all_the_same(
    tmp_path: Path, build_warehouse: BuildWarehouse
) -> None:
    """What a reduced account may come to: an invoice that has no line left, or nothing at all."""
    invoice = {"id": "in", "customer_id": "cus", "status": "paid", "currency": "usd", "created": MONTHS[1]}
    bare: Account = {"billing/customer": [{"id": "cus", "created": MONTHS[0]}], "billing/invoice": [invoice]}
    assert differences_of([bare, {}], Variant("bare"), tmp_path, build_warehouse) == []


def test_a_difference_is_followed_to_its_account(tmp_path: Path) -> None:
    company = pack(random_accounts("followed", 20), tmp_path)
    expected = company.expected()
    published = {table: [dict(row) for row in rows] for table, rows in expected.items()}
    wrong = published["fct_mrr_events"][-1]
    wrong["change_amount_in_currency"] *= 2
    assert differing_positions(compare(published, expected)) == positions_of([wrong["account_id"]])
