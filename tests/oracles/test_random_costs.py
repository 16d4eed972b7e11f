"""Random costs reach every rule: what never happens in them would never be compared.

Add what a new rule needs. Whether the answers are right is shown elsewhere.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.oracles import mrr, recognition
from tests.oracles.cost_mappings import ACCOUNT_DRIVERS, BUCKETS, DEPARTMENT_DRIVERS
from tests.oracles.costs import Costs
from tests.oracles.export import read_rows
from tests.oracles.overhead import STEP_DOWN, UNALLOCATED
from tests.oracles.random_companies import pack, random_accounts

SEEDS = ("clock", "day", "impatient", "one more")


def read_costs(seed: str, landing: Path) -> Costs:
    policies = {"allocation_method": STEP_DOWN}
    packed = pack(random_accounts(seed, 80), landing, policies=policies, cost_seed=seed)
    catalogue = packed.product_catalogue
    company = mrr.read_company(landing, policies=policies, product_catalogue=catalogue)
    books = recognition.read_books(landing, policies=policies, product_catalogue=catalogue)
    return Costs(landing, policies, company, books)


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Costs]]:
    landings = [(seed, tmp_path_factory.mktemp("landing")) for seed in SEEDS]
    return [(landing, read_costs(seed, landing)) for seed, landing in landings]


def test_every_bucket_split_and_sign(companies: list[tuple[Path, Costs]]) -> None:
    parts = [part for _, costs in companies for part in costs.parts]
    assert {part.target.bucket for part in parts} == BUCKETS
    assert {"", "production", "development", "overhead: facilities", "capitalized_software"} <= {
        part.key for part in parts
    }
    kinds: Counter[str] = Counter()
    for part in parts:
        kinds["negative"] += part.amount < 0
        kinds["nothing"] += part.amount == 0
        kinds["a single cent"] += abs(part.amount) == 1
        kinds["a part of nothing"] += part.amount == 0 != part.line.amount
        kinds["surveyed"] += part.rule.startswith("function ")
        kinds["of a line without a department"] += part.line.department is None != part.department
        kinds["without a place"] += part.department is None and part.location is None
        kinds["of a bill with rows"] += bool(
            part.key == "production" and part.line.entry.document_id and part.total != 1
        )
    assert [kind for kind, count in kinds.items() if not count] == []


def test_overhead_goes_every_way(companies: list[tuple[Path, Costs]]) -> None:
    allocations = [one for _, costs in companies for of_month in costs.overhead.values() for one in of_month]
    services = [one.service for one in allocations if one.service is not None]
    assert {service.driver for service in services} == DEPARTMENT_DRIVERS
    assert {service.rank for service in services} == {1, 2, 3}
    assert any(one.receiver[0] == UNALLOCATED for one in allocations)
    assert any(one.pool != one.from_pool for one in allocations)
    assert any(one.amount < 0 for one in allocations)


def test_accounts_are_reached_by_every_driver(companies: list[tuple[Path, Costs]]) -> None:
    costs = [cost for _, of_company in companies for cost in of_company.account_costs]
    # Nothing is shared out by subscription revenue unless a company says so.
    assert {cost.driver for cost in costs} >= ACCOUNT_DRIVERS - {"subscription_revenue"}
    assert {cost.rank for cost in costs} >= {None, 1, 2}
    assert any(cost.quantity is not None and cost.quantity < 0 for cost in costs)
    accounts = {cost.account for cost in costs}
    assert any(account.startswith("crm:") for account in accounts) and UNALLOCATED in accounts
    assert {cost.pool.kind for cost in costs} >= {"overhead", "customer_success_overhead", "customer_success"}


def test_the_year_is_closed_and_other_books_are_not_read(companies: list[tuple[Path, Costs]]) -> None:
    for landing, costs in companies:
        assert len(costs.ledger.closing_entries) == 1
        rows = read_rows(landing / "ledger" / "transactionaccountingline.csv")
        assert {row["accountingbook"] for row in rows} == {"1", "2"}
        assert len({line.entry.id for line in costs.ledger.lines}) < len({row["transaction"] for row in rows})


def test_people_move_share_their_time_and_work_where_nobody_else_does(
    companies: list[tuple[Path, Costs]],
) -> None:
    kinds: Counter[str] = Counter()
    for _, costs in companies:
        for employee in costs.people.employees.values():
            kinds["without assignments"] += not employee.assignments
            kinds["in several places"] += len({place.location for place in employee.assignments}) > 1
            kinds["for a day"] += employee.employed.end is not None
            kinds["without a department"] += employee.department is None
            kinds["surveyed"] += any(name == employee.id for name, _ in costs.people.surveys)
        for month in costs.parts_of:
            days = costs.people.fte_days(month)
            kinds["nobody"] += not days
            kinds["people without a location"] += any(location is None for _, location, _ in days)
    assert [kind for kind, count in kinds.items() if not count] == []
