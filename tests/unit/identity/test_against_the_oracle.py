"""Random companies, contacts and customers: the project joins what the oracle joins.

What random accounts have in common is made in ``tests/oracles/random_crm.py``; add what is to be told apart
there, and its rule to ``tests/oracles/identity.py``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest

from orchestration.identity.tables import Exports, identity_tables
from orchestration.raw.load import load_landing
from orchestration.raw.policies import default_policies
from orchestration.raw.snapshot import write_snapshot
from tests.oracles.export import read_rows
from tests.oracles.identity import read_identity
from tests.oracles.landing import write_landing
from tests.oracles.random_companies import packed_tables, random_accounts


def together(groups: Mapping[str, str]) -> set[tuple[str, str]]:
    """All pairs of ids that are of one group."""
    members: dict[str, list[str]] = {}
    for one, group in groups.items():
        members.setdefault(group, []).append(one)
    return {pair for group in members.values() for pair in combinations(sorted(group), 2)}


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_random_records_are_joined_as_the_oracle_joins_them(seed: str, tmp_path: Path) -> None:
    landing, raw, snapshot = tmp_path / "landing", tmp_path / "raw", tmp_path / "snapshot"
    dice = random.Random(seed)
    tables = packed_tables(random_accounts(f"identity {seed}", 250), {})
    customers = sorted(row["id"] for row in tables["billing/customer"])
    pairs = {tuple(dice.sample(customers, 2)) for _ in range(40)}
    tables["policy/identity_decisions"] = [
        {
            "object_type": "customer",
            "left_id": left,
            "right_id": right,
            "decision": dice.choice(("same", "same", "not_same")),
        }
        for left, right in sorted(pairs)
    ]
    write_landing(landing, tables)
    load_landing(
        raw, landing, sources=["policy", "billing", "crm"], loaded_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    write_snapshot(raw, snapshot)
    policies = default_policies()
    found = identity_tables(
        Exports(snapshot, None),
        same_score=Decimal(policies["identity_same_score"]),
        review_score=Decimal(policies["identity_review_score"]),
    )
    billing = ("customer", "invoice", "subscription")
    expected = read_identity(
        landing, {name: read_rows(landing / "billing" / f"{name}.csv") for name in billing}
    )
    company = {row["company_id"]: row["surviving_company_id"] for row in found["companies"]}
    contact = {row["contact_id"]: row["surviving_contact_id"] for row in found["contacts"]}
    assert together(company) == together({one: expected.companies.survivor(one) for one in company})
    assert together(contact) == together({one: expected.contacts.survivor(one) for one in contact})
    account = {
        row["customer_id"]: row["crm_company_id"] or row["joined_customer_id"] or row["customer_id"]
        for row in found["billing_customers"]
    }
    assert together(account) == together({one: expected.of_customer(one) for one in account})
    company_of = {row["customer_id"]: row["crm_company_id"] for row in found["billing_customers"]}
    assert {one: other for one, other in company_of.items() if other} == expected.company_of_customer
    # Enough of each kind to say anything.
    assert len(together(company)) > 50 and len(together(contact)) > 30 and len(together(account)) > 30
    assert len({row["rule"] for row in found["pairs"] if row["status"] == "review"}) > 3
