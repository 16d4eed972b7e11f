"""The example company against what its generator knows: who is really one.

Add a floor here when a kind of record is matched. Single rules are in ``test_matching``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from orchestration.identity.tables import Exports, identity_tables
from orchestration.raw.load import load_landing
from orchestration.raw.policies import default_policies
from orchestration.raw.snapshot import write_snapshot
from seeds.generator.labels import Labelled, Truth, labelled_pairs, true_accounts, true_contacts, truth_of

SEEDS = Path(__file__).resolve().parents[3] / "seeds"
Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of the source ``identity`` for the committed example."""
    home = tmp_path_factory.mktemp("example")
    load_landing(
        home / "raw", SEEDS, sources=["policy", "billing", "crm"], loaded_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    write_snapshot(home / "raw", home / "snapshot")
    policies = default_policies()
    return identity_tables(
        Exports(home / "snapshot", None),
        same_score=Decimal(policies["identity_same_score"]),
        review_score=Decimal(policies["identity_review_score"]),
    )


@pytest.fixture(scope="module")
def truth() -> Truth:
    return truth_of()


@pytest.fixture(scope="module")
def labels(truth: Truth) -> list[Labelled]:
    return labelled_pairs(truth)


def survivors(tables: Tables, object_type: str) -> dict[str, str]:
    name = "companies" if object_type == "company" else "contacts"
    return {row[f"{object_type}_id"]: row[f"surviving_{object_type}_id"] for row in tables[name]}


def joined(groups: Iterable[Iterable[str]]) -> set[tuple[str, str]]:
    """All pairs of ids that are in one group."""
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def grouped(keys: dict[str, str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for one, key in keys.items():
        groups.setdefault(key, []).append(one)
    return list(groups.values())


@pytest.mark.parametrize(("object_type", "least_recall"), [("company", "0.97"), ("contact", "0.98")])
def test_labelled_pairs_are_found_and_no_others(
    tables: Tables, labels: list[Labelled], object_type: str, least_recall: str
) -> None:
    found = survivors(tables, object_type)
    counts = Counter(
        (label.is_same, found[label.left_id] == found[label.right_id])
        for label in labels
        if label.object_type == object_type
    )
    said, hit = counts[False, True] + counts[True, True], counts[True, True]
    precision, recall = Decimal(hit) / said, Decimal(hit) / (hit + counts[True, False])
    print(f"{object_type}: precision {precision:.4f}, recall {recall:.4f}, {counts}")
    assert counts[False, False] + counts[False, True] >= 4 and hit >= 30, "too few labels to say anything"
    assert precision == 1
    assert recall >= Decimal(least_recall)


def test_what_is_not_joined_by_itself_is_put_before_people(tables: Tables, labels: list[Labelled]) -> None:
    found = {kind: survivors(tables, kind) for kind in ("company", "contact")}
    queue = {
        (row["object_type"], *sorted((row["left_id"], row["right_id"])))
        for row in tables["pairs"]
        if row["status"] == "review"
    }
    missed = [
        label
        for label in labels
        if label.is_same
        and found[label.object_type][label.left_id] != found[label.object_type][label.right_id]
        and (label.object_type, *sorted((label.left_id, label.right_id))) not in queue
    ]
    assert missed == []


def test_no_two_companies_of_the_truth_have_become_one(tables: Tables, truth: Truth) -> None:
    true = {
        account.source_id: account.account_id
        for account in true_accounts(truth)
        if account.object_type == "company"
    }
    found = survivors(tables, "company")
    assert joined(grouped({one: found[one] for one in true})) <= joined(grouped(true))


def test_no_two_people_of_the_truth_have_become_one(tables: Tables, truth: Truth) -> None:
    true = true_contacts(truth)
    found = survivors(tables, "contact")
    # One mailbox is one contact, also where the generator has drawn one address twice.
    mailbox = {row["contact_id"]: row["email_normalized"] for row in tables["contacts"]}
    wrong = joined(grouped({one: found[one] for one in true})) - joined(grouped(true))
    assert {(one, other) for one, other in wrong if mailbox[one] != mailbox[other]} == set()
    assert len(wrong) <= 2


def test_every_billing_customer_is_of_its_true_account(tables: Tables, truth: Truth) -> None:
    company_of = {row["customer_id"]: row["crm_company_id"] for row in tables["billing_customers"]}
    true = {
        account.source_id: account.account_id
        for account in true_accounts(truth)
        if account.object_type == "customer"
    }
    found = {one: company_of.get(one) or one for one in true}
    assert joined(grouped(found)) == joined(grouped(true))
    assert len(joined(grouped(true))) >= 5, "too few accounts of several customers to say anything"
    by_method = Counter(row["match_method"] for row in tables["billing_customers"])
    print(f"billing customers: {dict(by_method)}")
    assert by_method["billing_customer"] <= 10
    assert {"crm_property", "email", "domain_and_name"} <= by_method.keys()
