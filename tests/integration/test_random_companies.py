"""Hundreds of random accounts, published by the nightly, against the definitions in plain Python.

Every variant is one build. Accounts do not touch each other, so that a difference is followed to its account
and that account is reduced, many reductions a build, until a person can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.oracles.comparison import Difference, compare
from tests.oracles.export import OracleError
from tests.oracles.published import read_marts
from tests.oracles.random_companies import Account, pack, positions_of, random_accounts
from tests.oracles.shrinking import describe, row_places, shrink

BuildWarehouse = Callable[..., Path]


@dataclass(frozen=True)
class Variant:
    """What a whole company has in common; ``seed`` names its accounts."""

    seed: str
    as_of: date | None = None
    policies: Mapping[str, str] = field(default_factory=dict)
    account_count: int = 400


VARIANTS = {
    "at the data clock": Variant("clock"),
    "as of a day in New York, with grace, in euros": Variant(
        "day",
        as_of=date(2024, 4, 30),
        policies={
            "reporting_currency": "EUR",
            "reporting_time_zone": "America/New_York",
            "renewal_grace_days": "5",
            "licence_support_allocation": "relative",
        },
    ),
    "impatient with what is past due, with a fiscal year from April": Variant(
        "impatient",
        policies={
            "past_due_churn_days": "10",
            "fiscal_year_start_month": "4",
            "licence_support_share": "0.2",
        },
    ),
}


def differences_of(
    accounts: Sequence[Account], variant: Variant, folder: Path, build_warehouse: BuildWarehouse
) -> list[Difference]:
    company = pack(accounts, folder, as_of=variant.as_of, policies=variant.policies)
    as_of = variant.as_of.isoformat() if variant.as_of else None
    return compare(read_marts(build_warehouse(folder, as_of=as_of)), company.expected())


def differing_positions(differences: Sequence[Difference]) -> set[int]:
    """Which of the packed accounts differ; rows without an id of theirs only follow from them."""
    return {position for difference in differences for position in positions_of(difference.key)}


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

    smallest = shrink(min(accounts, key=lambda account: len(row_places(account))), still_differ)
    left = differences_of([smallest], variant, folder / "smallest", build_warehouse)
    return "\n".join([describe(smallest), *(str(difference) for difference in left[:10])])


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_number_of_random_companies_is_the_oracles(
    variant: Variant, tmp_path: Path, build_warehouse: BuildWarehouse
) -> None:
    accounts = random_accounts(variant.seed, variant.account_count)
    differences = differences_of(accounts, variant, tmp_path / "all", build_warehouse)
    positions = differing_positions(differences)
    if positions:
        differing = [accounts[position] for position in sorted(positions)]
        case = smallest_case(differing, variant, tmp_path, build_warehouse)
        pytest.fail(f"{len(positions)} of {len(accounts)} accounts differ; the smallest case found:\n{case}")
    assert not differences, "\n".join(str(difference) for difference in differences[:20])


def test_a_difference_is_followed_to_its_account(tmp_path: Path) -> None:
    company = pack(random_accounts("followed", 20), tmp_path)
    expected = company.expected()
    published = {table: [dict(row) for row in rows] for table, rows in expected.items()}
    wrong = published["fct_mrr_events"][-1]
    wrong["change_amount_in_currency"] *= 2
    assert differing_positions(compare(published, expected)) == positions_of([wrong["account_id"]])
