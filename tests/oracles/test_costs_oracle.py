"""Costs in examples worked out by hand, among them a published one, and what holds of any company.

Add an example where a definition of sections 6 or 7 is read, with its amounts worked out in the docstring.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest

from tests.oracles import answers
from tests.oracles.assets import months_later
from tests.oracles.costs import Costs
from tests.oracles.export import OracleError
from tests.oracles.largest_remainder import largest_remainder
from tests.oracles.overhead import DEPARTMENT, METHODS, Receiver, Service, ServicePools, pool_receiver
from tests.oracles.random_companies import PackedCompany, pack, random_accounts
from tests.oracles.segments import SEGMENT_TYPES
from tests.oracles.small_ledger import SmallLedger

MAY = date(2024, 5, 1)


# Largest remainder.


def test_a_cent_that_is_left_goes_to_the_largest_remainder_and_of_equal_ones_to_the_lowest_key() -> None:
    assert largest_remainder(100, {"b": 1, "a": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert largest_remainder(10, {"a": 1, "b": 2}) == {"a": 3, "b": 7}


def test_a_negative_amount_mirrors_the_positive() -> None:
    assert largest_remainder(-100, {"a": 1, "b": 1, "c": 1}) == {"a": -34, "b": -33, "c": -33}


def test_weights_with_a_sign_still_share_out_everything() -> None:
    """3 fees less 1 that was given back: 10 x 3/2 = 15 and 10 x -1/2 = -5."""
    assert largest_remainder(10, {"a": 3, "b": -1}) == {"a": 15, "b": -5}


# Service departments.


def department(name: str) -> Receiver:
    return DEPARTMENT, name, "made"


def service_pools(
    method: str, own: Mapping[str, int], shares: Mapping[str, Mapping[str, int]]
) -> ServicePools:
    """Pools that serve each other and departments by percentages."""
    return ServicePools(
        method,
        own,
        {
            pool: [
                Service(
                    1,
                    "percent",
                    {
                        pool_receiver(name) if name in own else department(name): Fraction(share)
                        for name, share in served.items()
                    },
                )
            ]
            for pool, served in shares.items()
        },
    )


def received(pools: ServicePools) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for allocation in pools.allocations():
        sums[allocation.receiver[1]] += allocation.amount
    return dict(sums)


REGINA = {"HR": 8_000_000, "DP": 12_000_000, "RM": 4_000_000}
REGINA_SHARES = {
    "HR": {"DP": 20, "RM": 10, "machining": 40, "assembly": 30},
    "DP": {"HR": 8, "RM": 7, "machining": 30, "assembly": 55},
    "RM": {"machining": 50, "assembly": 50},
}


def test_the_reciprocal_method_gives_the_totals_of_the_textbook() -> None:
    """University of Regina, BUS 388: 91,056.91 / 138,211.38 / 58,780.49, and 107,276.42 and 132,723.58."""
    pools = service_pools("reciprocal", REGINA, REGINA_SHARES)
    rounded = {pool: round(total / 100, 2) for pool, total in pools.totals.items()}
    assert {pool: float(total) for pool, total in rounded.items()} == {
        "HR": 91056.91,
        "DP": 138211.38,
        "RM": 58780.49,
    }
    assert received(pools) == {"machining": 10_727_642, "assembly": 13_272_358}


def test_the_direct_method_leaves_other_service_departments_out() -> None:
    """HR 4/7, DP 6/17 and RM 1/2 of it go to machining: 45,714.29 + 42,352.94 + 20,000.00."""
    pools = service_pools("direct", REGINA, REGINA_SHARES)
    assert received(pools) == {"machining": 10_806_723, "assembly": 13_193_277}


def test_in_the_step_down_who_gives_most_to_others_goes_first_and_receives_nothing_more() -> None:
    """HR (30 %) before DP (15 %) before RM: DP 120,000 + 16,000, less what it would give to HR, and so on.

    DP gives 7 / 92 of 136,000 to RM: 10,347.83. RM: 40,000 + 8,000 + 10,347.83 = 58,347.83.
    Machining: 32,000 + 136,000 x 30/92 + 29,173.91 = 105,521.74.
    """
    pools = service_pools("step_down", REGINA, REGINA_SHARES)
    assert pools.order == ["HR", "DP", "RM"]
    assert received(pools) == {"machining": 10_552_174, "assembly": 13_447_826}


def test_pools_that_serve_only_each_other_have_no_solution() -> None:
    pools = service_pools("reciprocal", {"a": 100, "b": 0}, {"a": {"b": 1}, "b": {"a": 1}})
    with pytest.raises(OracleError, match="only each other"):
        pools.allocations()


def test_a_pool_that_serves_nobody_stays_unallocated_with_what_it_received() -> None:
    pools = service_pools("reciprocal", {"a": 100, "b": 50}, {"a": {"b": 1, "x": 1}, "b": {}})
    assert received(pools) == {"x": 50, "unallocated": 100}


def test_a_negative_pool_mirrors_and_every_cent_has_a_way() -> None:
    for method in METHODS:
        cost = service_pools(
            method, {"a": 101, "b": 7}, {"a": {"b": 1, "x": 1, "y": 1}, "b": {"a": 1, "x": 2}}
        )
        credit = ServicePools(method, {pool: -own for pool, own in cost.own.items()}, cost.services)
        assert [-one.amount for one in credit.allocations()] == [one.amount for one in cost.allocations()]
        assert sum(received(cost).values()) == 108


# From lines to parts.


def parts_of(costs: Costs, month: date = MAY) -> dict[tuple[str, str], int]:
    """By bucket and key of the part."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for part in costs.parts_of.get(month, []):
        sums[part.target.bucket, part.key] += part.amount
    return dict(sums)


def test_people_are_split_by_their_surveyed_time(tmp_path: Path) -> None:
    """100.01 x 0.5, 0.3 and 0.2: 50.005, 30.003 and 20.002; the cent goes to the largest remainder."""
    ledger = SmallLedger()
    ledger.works("e1", "2024-01-01", "2024-12-31", "Support")
    ledger.surveyed("e1", "2024-05", support="0.5", engineering="0.3", success="0.2")
    ledger.spends("2024-05", "Salaries", "100.01", department="Support", entity="e1")
    assert parts_of(ledger.costs(tmp_path)) == {
        ("support", "support"): 5001,
        ("research_and_development", "engineering"): 3000,
        ("customer_success", "success"): 2000,
    }


def test_time_that_does_not_add_up_stops(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.works("e1", "2024-01-01", "2024-12-31", "Support")
    ledger.surveyed("e1", "2024-05", support="0.5", engineering="0.4")
    with pytest.raises(OracleError, match="employee e1"):
        ledger.costs(tmp_path)


def test_a_line_of_somebody_without_a_department_is_of_where_they_worked_last(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.works("e1", "2024-01-01", "2024-12-31", "Support")
    for name in ("Sales", "Marketing"):
        ledger.named("department", name)
    for department, start, end in (("Sales", 1, 10), ("Marketing", 10, None)):
        ledger.add(
            "ledger/employee_assignment",
            employee_id="e1",
            department=department,
            valid_from=date(2024, 5, start),
            valid_to=end and date(2024, 5, end),
        )
    for month in ("2024-04", "2024-05"):
        ledger.spends(month, "Salaries", "5", entity="e1")
    costs = ledger.costs(tmp_path)
    assert parts_of(costs, date(2024, 4, 1)) == {("support", ""): 500}
    assert parts_of(costs) == {("marketing", ""): 500}


def test_hosting_follows_the_tags_of_its_own_bill_else_of_the_month_else_is_production(
    tmp_path: Path,
) -> None:
    """The bill's own ratio is 3 : 1 whatever is shared or untagged; the month's is 3 : 2."""
    ledger = SmallLedger()
    ledger.charged("2024-05", "bill", "3", "Prod")
    ledger.charged("2024-05", "bill", "1", "staging")
    ledger.charged("2024-05", "bill", "10", "shared")
    ledger.charged("2024-05", "bill", "20", None)
    ledger.charged("2024-05", None, "1", "dev")
    ledger.spends("2024-04", "Hosting", "100")
    ledger.spends("2024-05", "Hosting", "100", document="bill")
    ledger.spends("2024-05", "Hosting", "10")
    costs = ledger.costs(tmp_path)
    assert parts_of(costs, date(2024, 4, 1)) == {("hosting", "production"): 10000}
    assert parts_of(costs) == {
        ("hosting", "production"): 7500 + 600,
        ("research_and_development", "development"): 2500 + 400,
    }


def test_depreciation_follows_the_register_less_what_accounts_of_its_own_have_taken(tmp_path: Path) -> None:
    """May has 31 of 366 days: software 3,660.00 x 31/366 = 310.00, machines 732.00 x 31/366 = 62.00.

    Of software 250.00 are posted where they belong, so that 60 : 62 is left; 100.00 become 49.18 and 50.82.
    """
    ledger = SmallLedger()
    ledger.owns("code", "internal_use_software", "3660.00", "2024-01-01", 12)
    ledger.owns("machines", "infrastructure", "732.00", "2024-01-01", 12)
    ledger.spends("2024-05", "Amortisation of capitalised software", "250")
    ledger.spends("2024-05", "Depreciation", "100")
    ledger.spends("2023-05", "Depreciation", "1")
    costs = ledger.costs(tmp_path)
    assert parts_of(costs) == {
        ("capitalized_software", ""): 25000,
        ("capitalized_software", "capitalized_software"): 4918,
        ("hosting", "hosting"): 5082,
    }
    assert parts_of(costs, date(2023, 5, 1)) == {("overhead", "overhead"): 100}


def test_what_is_taken_of_an_asset_adds_up_to_it_and_stops_with_its_disposal(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.owns("whole", "facility", "100.01", "2024-01-31", 1)
    ledger.owns("sold", "facility", "366.00", "2024-01-01", 12, disposed_on=date(2024, 2, 2))
    rows = ledger.costs(tmp_path).amortization_rows()
    taken = {(row["asset_id"], row["month"].month): f"{row['amortization_amount']}" for row in rows}
    # From 31 January to 29 February are 29 days, of which one is in January: 3.45.
    assert taken["whole", 1] == "3.45" and taken["whole", 2] == "96.56" and taken["whole", 3] == "0.00"
    assert taken["sold", 1] == "31.00" and taken["sold", 2] == "1.00" and ("sold", 3) not in taken


def test_a_month_later_is_the_same_day_or_the_last_there_is() -> None:
    assert months_later(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)


def test_a_line_that_no_rule_knows_stops(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.spends("2024-05", "Sundries", "1")
    with pytest.raises(OracleError, match="no cost rule"):
        ledger.costs(tmp_path).parts  # noqa: B018


# Overhead and accounts.


def test_rent_is_shared_by_those_who_work_there_and_the_rest_by_everybody(tmp_path: Path) -> None:
    """In Denver 31 days of support and 15.5 of sales (half time): 2 : 1 of 93.00. Nobody works in Leeds."""
    ledger = SmallLedger()
    ledger.works("e1", "2024-01-01", "2024-12-31", "Support", location="Denver")
    ledger.works("e2", "2024-01-01", "2024-12-31", "Sales", location="Denver", fte="0.5")
    ledger.works("e3", "2024-05-01", "2024-05-31", "Finance", location="Tokyo", fte="1.5")
    ledger.spends("2024-05", "Rent", "93", location="Denver")
    ledger.spends("2024-05", "Rent", "3", location="Leeds")
    costs = ledger.costs(tmp_path)
    assert costs.received(MAY) == {
        "support": 6200 + 100,
        "sales": 3100 + 50,
        "general_and_administrative": 150,
    }


def test_hosting_goes_by_use_where_there_is_any_and_by_revenue_where_there_is_none(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.account("big")
    ledger.account("small")
    ledger.pays("big", "2024-04", "2024-05", 300)
    ledger.pays("small", "2024-04", "2024-05", 100)
    ledger.computes("c1", "2024-05", "1", customer="small")
    ledger.computes("c2", "2024-05", "3")
    ledger.spends("2024-04", "Hosting", "4")
    ledger.spends("2024-05", "Hosting", "4")
    rows = ledger.costs(tmp_path).cost_of_revenue_rows()
    assert {(row["account_id"], row["month"].month): f"{row['amount']}" for row in rows} == {
        ("big", 4): "3.00",
        ("small", 4): "1.00",
        ("small", 5): "1.00",
        ("crm:c2", 5): "3.00",
    }


def test_what_nobody_can_be_asked_for_is_unallocated(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.spends("2024-05", "Hosting", "4")
    [row] = ledger.costs(tmp_path).cost_of_revenue_rows()
    assert (row["account_id"], row["amount"]) == ("unallocated", Decimal("4.00"))


def test_customer_success_is_a_cost_of_revenue_where_the_policy_says_so(tmp_path: Path) -> None:
    ledger = SmallLedger()
    ledger.spends("2024-05", "Salaries", "4", department="Customer success")
    for value, count in (("false", 0), ("true", 1)):
        costs = ledger.costs(tmp_path, customer_success_in_cor=value)
        assert len(costs.cost_of_revenue_rows()) == count


# What holds of any company.


@pytest.fixture(scope="module", params=METHODS)
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PackedCompany:
    policies = {"allocation_method": request.param, "customer_success_in_cor": "true"}
    landing = tmp_path_factory.mktemp("landing")
    return pack(random_accounts("costs", 40), landing, policies=policies, cost_seed=request.param)


@pytest.fixture(scope="module")
def expected(company: PackedCompany) -> answers.Answers:
    return company.expected()


def total(rows: answers.Answers, table: str, column: str, month: date) -> Decimal:
    return sum((row[column] for row in rows[table] if row["month"] == month), Decimal(0))


def test_every_cent_of_a_pool_goes_somewhere(expected: answers.Answers) -> None:
    """The parts of lines, what reaches buckets and what stays unallocated are the same sum."""
    for month in {row["month"] for row in expected["fct_cost_lines"]}:
        to_buckets = sum(
            row["allocated_amount"]
            for row in expected["fct_cost_allocations"]
            if row["month"] == month
            and (
                row["target_type"] == "bucket"
                or (row["bucket"], row["target_type"]) == ("overhead", "unallocated")
            )
            and row["method"] != "proportional"
        )
        assert to_buckets == total(expected, "fct_cost_lines", "amount", month)
        assert to_buckets == total(expected, "fct_cost_pools_by_month", "amount", month)


def test_accounts_and_segments_add_up_to_the_month(expected: answers.Answers) -> None:
    for row in expected["fct_gross_margin_by_month"]:
        for column in (name for name in row if name.endswith("_amount") and row[name] is not None):
            by_account = total(expected, "fct_gross_margin_by_account_month", column, row["month"])
            assert by_account == row[column], column
            by_segment = total(expected, "fct_gross_margin_by_segment_month", column, row["month"])
            assert by_segment == len(SEGMENT_TYPES) * row[column], column
        allocated = total(expected, "fct_cost_of_revenue_by_account_month", "amount", row["month"])
        assert allocated == row["cost_of_revenue_amount"]


def test_the_order_of_weights_changes_nothing() -> None:
    weights = {"a": 1, "b": 2, "c": 2, "d": 0}
    answers_in_any_order = {
        tuple(sorted(largest_remainder(101, dict(order)).items())) for order in permutations(weights.items())
    }
    assert len(answers_in_any_order) == 1
